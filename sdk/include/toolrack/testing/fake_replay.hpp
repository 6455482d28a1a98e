/// Answers of a FakeHost that come from a recorded call.
#pragma once

#include <toolrack/testing/outcome.hpp>
#include <toolrack/testing/recorded_http.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// One run against one recording. What is not in the record is noted there, and answered so that the skill ends.
class FakeReplay {
 public:
  /// `now_ns`: of the fake clock.
  FakeReplay(RecordedCall& record, std::int64_t now_ns) : record_(record), start_ns_(now_ns) {}

  /// nullopt: the record has no further such time.
  std::optional<std::int64_t> time(std::string_view service) {
    const RecordedCall::Operation* const told =
        record_.take(service, [](const RecordedCall::Operation&) { return JsonValue::object(); });
    return told == nullptr ? std::nullopt : std::optional(told->reply.int_at("ns"));
  }
  /// As many bytes; what the record does not have is 0.
  std::string random(std::size_t size) {
    const RecordedCall::Operation* const told =
        record_.take("clock.random", [&](const RecordedCall::Operation&) { return with_number("bytes", size); });
    std::string bytes = told == nullptr ? std::string() : from_base64(told->reply.string_at("base64"));
    bytes.resize(size);
    return bytes;
  }
  FakeReply timer(std::int64_t delay_ns, std::int64_t now_ns) {
    const std::int64_t delay = std::clamp<std::int64_t>(delay_ns, 0, kForEverNs);
    const RecordedCall::Operation* const told =
        record_.take("clock.after", [&](const RecordedCall::Operation&) { return with_number("delay_ns", delay); });
    if (told == nullptr) return diverged();
    if (told->ended == 0) return open_reply();
    FakeReply out;
    return in_turn(out, told->ended, now_ns);
  }
  FakeReply send(const SentRequest& sent, const std::string& base_url, std::int64_t now_ns) {
    const RecordedCall::Operation* const told = record_.take("http.send", [&](const RecordedCall::Operation& each) {
      return RecordedHttp::request(sent, base_url, each.request);
    });
    if (told == nullptr) return diverged();
    if (told->ended == 0 && told->reply.find("status") == nullptr) return open_reply();
    FakeReply out = RecordedHttp::reply(told->reply);
    return in_turn(out, told->ended, now_ns);
  }

  /// What the run did differently from the recorded call; empty: nothing.
  std::vector<std::string> findings(const Outcome& outcome) const {
    std::vector<std::string> out = record_.divergences;
    for (const std::string& line : record_.left_over()) out.push_back("the call did not ask for " + line);
    for (const std::string& line : Differences::list(lasting(record_.outcome), seen(outcome))) {
      out.push_back("the outcome differs (\"asked\" is this run): " + line);
    }
    return out;
  }

 private:
  static constexpr std::int64_t kForEverNs = std::int64_t{365} * 24 * 3600 * 1'000'000'000;

  static JsonValue with_number(std::string_view name, std::int64_t value) {
    JsonValue out = JsonValue::object();
    out.set(name, JsonValue::number(value));
    return out;
  }
  static JsonValue with_number(std::string_view name, std::size_t value) {
    return with_number(name, static_cast<std::int64_t>(value));
  }
  FakeReply diverged() const {
    return FakeReply::failure(TR_INVALID_ARGUMENT, "replay_diverged", record_.divergences.back(), TR_RESULT_NOT_SENT);
  }
  /// Stays open until the skill takes it back, or its deadline does.
  static FakeReply open_reply() {
    FakeReply out = FakeReply::failure(TR_CANCELLED, "cancelled", "it was taken back", TR_RESULT_MAYBE_SENT);
    return out.delay(std::chrono::nanoseconds(kForEverNs));
  }
  /// Ends are a nanosecond of fake time apart, in the order in which they were recorded; without an end it is the last.
  FakeReply& in_turn(FakeReply& reply, std::int64_t ended, std::int64_t now_ns) const {
    const auto place = ended == 0 ? static_cast<std::int64_t>(record_.operations().size()) + 1 : ended;
    return reply.delay(std::chrono::nanoseconds(std::max<std::int64_t>(start_ns_ + place - now_ns, 0)));
  }

  /// An asset has another id here, and a FakeHost knows its size alone.
  static JsonValue without_ids(const JsonValue& value) {
    const std::string id = value.string_at("id");
    if (id.starts_with("as_") || id.starts_with("asset-")) {
      return with_number("bytes", value.int_at("bytes"));
    }
    JsonValue out = value;
    for (JsonValue& each : out.items) {
      std::string name = each.name;
      each = without_ids(each);
      each.name = std::move(name);
    }
    return out;
  }
  /// Status, output, and of an error its code.
  static JsonValue lasting(const JsonValue& recorded) {
    JsonValue out = JsonValue::object();
    out.set("status", JsonValue::string(recorded.string_at("status")));
    if (const JsonValue* const output = recorded.find("output")) out.set("output", without_ids(*output));
    if (const JsonValue* const error = recorded.find("error")) {
      out.set("code", JsonValue::string(error->string_at("code")));
    }
    return out;
  }
  static JsonValue seen(const Outcome& outcome) {
    JsonValue out = JsonValue::object();
    out.set("status", JsonValue::string(outcome.ok() ? "success" : "error"));
    const std::optional<JsonValue> output = read_json(outcome.output);
    if (outcome.ok() && output) out.set("output", without_ids(*output));
    if (!outcome.ok()) out.set("code", JsonValue::string(outcome.code));
    return out;
  }

  RecordedCall& record_;
  const std::int64_t start_ns_;
};

}  // namespace toolrack::testing
