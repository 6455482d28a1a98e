/// The file that `toolrack call --record FILE` writes: format 1, as docs/recorder.md has it.
#pragma once

#include <toolrack/testing/differences.hpp>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// A recorded call, and what a run that is answered from it asks that the record does not have.
class RecordedCall {
 public:
  struct Operation {
    std::string service;     ///< "http.send", "clock.unix_ns".
    JsonValue request;       ///< An object.
    JsonValue reply;         ///< An object, or null.
    std::int64_t ended = 0;  ///< Its place among the ends, from 1; 0: it was taken back.
    bool is_used = false;
  };

  /// Throws std::runtime_error, which names the file, when it cannot be read or is no recording of format 1.
  static RecordedCall read(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw std::runtime_error(file + " cannot be read");
    return parse(file, std::string{std::istreambuf_iterator<char>(stream), {}});
  }
  static RecordedCall parse(const std::string& file, std::string_view text) {
    const std::optional<JsonValue> document = read_json(text, 200);
    if (!document || document->find("toolrack_recording") == nullptr) {
      throw std::runtime_error(file + " is no recording: it has no member toolrack_recording");
    }
    if (const std::int64_t format = document->int_at("toolrack_recording"); format != 1) {
      throw std::runtime_error(file + " has format " + std::to_string(format) + ", and this SDK reads 1");
    }
    const JsonValue* const call = document->find("call");
    const JsonValue* const operations = document->find("operations");
    if (call == nullptr || operations == nullptr || !operations->is_array()) {
      throw std::runtime_error(file + " has no call, or no operations");
    }
    RecordedCall out;
    out.skill = document->string_at("skill");
    if (const JsonValue* const input = call->find("input")) out.input = input->dump();
    if (const JsonValue* const outcome = document->find("outcome")) out.outcome = *outcome;
    for (const JsonValue& each : operations->items) {
      const JsonValue* const request = each.find("request");
      const JsonValue* const reply = each.find("reply");
      if (request == nullptr || each.string_at("service").empty()) {
        throw std::runtime_error(file + ": operation " + std::to_string(out.operations_.size() + 1) +
                                 " has no service, or no request");
      }
      out.operations_.push_back(
          {each.string_at("service"), *request, reply == nullptr ? JsonValue() : *reply, each.int_at("ended"), false});
    }
    return out;
  }

  std::string skill, input = "{}";
  JsonValue outcome = JsonValue::object();

  const std::vector<Operation>& operations() const noexcept { return operations_; }

  /// The first operation that is the same and was not asked for yet. `ask(const Operation&)` gives the request as it
  /// would be in place of that one. nullptr: there is none, and `divergences` says what differs from the nearest.
  template <class Ask>
  const Operation* take(std::string_view service, Ask ask) {
    const Operation* nearest = nullptr;
    std::vector<std::string> differences;
    for (Operation& each : operations_) {
      if (each.is_used || each.service != service) continue;
      std::vector<std::string> these = Differences::list(each.request, ask(each));
      if (these.empty()) {
        each.is_used = true;
        return &each;
      }
      if (nearest != nullptr && these.size() >= differences.size()) continue;
      nearest = &each;
      differences = std::move(these);
    }
    const Operation nobody{std::string(service), JsonValue::object(), {}, 0, false};
    std::string text = "the call asked for " + std::string(service) + ' ' +
                       shorten(ask(nearest == nullptr ? nobody : *nearest).dump()) + ", which is not in the record; ";
    if (nearest == nullptr) {
      text += "the record has no further " + std::string(service);
    } else {
      text += "the nearest there is operation " + std::to_string(nearest - operations_.data() + 1) + ':';
      for (const std::string& line : differences) text += "\n  " + line;
    }
    divergences.push_back(std::move(text));
    return nullptr;
  }

  std::vector<std::string> left_over() const {
    std::vector<std::string> out;
    for (const Operation& each : operations_) {
      if (each.is_used) continue;
      out.push_back("operation " + std::to_string(&each - operations_.data() + 1) + ": " + each.service + ' ' +
                    shorten(each.request.dump()));
    }
    return out;
  }

  std::vector<std::string> divergences;

 private:
  static std::string shorten(const std::string& text) {
    constexpr std::size_t kMost = 200;
    return text.size() <= kMost ? text : text.substr(0, kMost) + "... (" + std::to_string(text.size()) + " bytes)";
  }

  std::vector<Operation> operations_;
};

}  // namespace toolrack::testing
