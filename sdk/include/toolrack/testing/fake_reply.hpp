/// What the far end of an operation answers in a test.
#pragma once

#include <toolrack/view.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// A value, built by chaining: `FakeReply(200, "{}").header("content-type", "application/json").delay(50ms)`.
class FakeReply {
 public:
  /// `number`: for HTTP the status code.
  explicit FakeReply(std::int64_t number = 0, std::string body = {}) : number_(number), body_(std::move(body)) {}
  /// The operation did not come to an answer; `result_flags`: TR_RESULT_NOT_SENT, TR_RESULT_MAYBE_SENT.
  static FakeReply failure(tr_status status, std::string code, std::string message, std::uint32_t result_flags = 0) {
    FakeReply reply;
    reply.status_ = status;
    reply.flags_ = result_flags;
    reply.code_ = std::move(code);
    reply.message_ = std::move(message);
    return reply;
  }

  /// A lost race: the value that is there.
  static FakeReply aborted(std::string value) {
    FakeReply reply = failure(TR_ABORTED, "lost_race", "another value is there");
    reply.body_ = std::move(value);
    return reply;
  }
  /// The same reply with another body.
  FakeReply body_for(std::string body) const {
    FakeReply reply = *this;
    reply.body_ = std::move(body);
    return reply;
  }

  FakeReply& header(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  FakeReply& flags(std::uint32_t result_flags) {
    flags_ |= result_flags;
    return *this;
  }
  FakeReply& meta(std::string json) {
    meta_ = std::move(json);
    return *this;
  }
  FakeReply& hint(std::string text) {
    hint_ = std::move(text);
    return *this;
  }
  FakeReply& retry_after(std::chrono::nanoseconds time) {
    retry_after_ns_ = time.count();
    return *this;
  }
  /// Comes that much later on the fake clock.
  FakeReply& delay(std::chrono::nanoseconds time) {
    delay_ns_ = time.count();
    return *this;
  }
  /// To a request with a sink: pieces of this size.
  FakeReply& chunk_size(std::size_t size) {
    chunk_size_ = size;
    return *this;
  }
  /// To a request with a sink: the body comes, and then this instead of an end.
  FakeReply& breaks_off(FakeReply failure) {
    break_ = std::make_shared<const FakeReply>(std::move(failure));
    return *this;
  }
  /// Serves every matching request from here on, not one.
  FakeReply& always() {
    is_always_ = true;
    return *this;
  }

  std::int64_t number() const noexcept { return number_; }
  const std::string& body() const noexcept { return body_; }
  tr_status status() const noexcept { return status_; }
  std::int64_t delay_ns() const noexcept { return delay_ns_; }
  std::size_t chunk_size() const noexcept { return chunk_size_; }
  bool is_always() const noexcept { return is_always_; }
  /// nullptr: it does not break off.
  std::shared_ptr<const FakeReply> break_at_end() const noexcept { return break_; }

  /// Calls `use(const tr_result&)`; everything in it is gone and overwritten afterwards, as with a real host.
  template <class Use>
  void lend_to(bool with_body, Use use) const {
    std::vector<std::vector<char>> kept;
    const auto own = [&kept](const std::string& text) {
      kept.emplace_back(text.begin(), text.end());
      return tr_str{kept.back().data(), kept.back().size()};
    };
    kept.reserve(8 + fields_.size() * 2);
    std::vector<tr_field> fields;
    for (const auto& [name, value] : fields_) {
      const tr_str name_copy = own(name);
      fields.push_back(tr_field{name_copy, own(value)});
    }
    tr_result result{};
    result.struct_size = sizeof(result);
    result.status = status_;
    result.flags = flags_;
    result.number = number_;
    if (with_body) result.body = own(body_);
    result.fields = fields.data();
    result.field_count = fields.size();
    result.meta_json = own(meta_);
    result.code = own(code_);
    result.message = own(message_);
    result.hint = own(hint_);
    result.retry_after_ns = retry_after_ns_;
    use(static_cast<const tr_result&>(result));
    for (std::vector<char>& text : kept) std::fill(text.begin(), text.end(), '\xdd');
  }

 private:
  tr_status status_ = TR_OK;
  std::uint32_t flags_ = 0;
  std::int64_t number_ = 0;
  std::string body_, meta_, code_, message_, hint_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::int64_t retry_after_ns_ = 0;
  std::int64_t delay_ns_ = 0;
  std::size_t chunk_size_ = 4096;
  bool is_always_ = false;
  std::shared_ptr<const FakeReply> break_;
};

}  // namespace toolrack::testing
