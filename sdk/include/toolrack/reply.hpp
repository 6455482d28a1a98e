/// How something ended: a host operation that a skill waited for, or the skill itself.
#pragma once

#include <toolrack/bytes.hpp>
#include <toolrack/fields.hpp>
#include <toolrack/json_text.hpp>
#include <toolrack/part.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace toolrack {

/// A value that owns what it carries. What an operation answered can be returned as a skill's own answer: errors keep
/// their code, message and hint, an HTTP error becomes `provider(reply)`, a good body becomes the output.
class Reply {
 public:
  /// An empty success.
  Reply() noexcept = default;

  /// The skill's output: a JSON document that fits the manifest's output schema.
  static Reply json(std::string document) {
    Reply reply;
    reply.body_ = Bytes(std::move(document));
    return reply;
  }
  /// As json(), without a copy; `document` lives until the call ends, as what Call::input() shows does.
  static Reply borrowed(std::string_view document) {
    Reply reply;
    reply.body_ = Bytes::borrowed(document);
    return reply;
  }
  /// Text for a person or a model, when there is no output schema.
  static Reply text(std::string text) {
    Reply reply;
    reply.part(Part::text(std::move(text)));
    return reply;
  }
  /// A failure. `code` is stable and for programs ("kraken.bad_nonce"), `message` says what was wrong with which value,
  /// `hint` what to do about it. TR_TOOL_ERROR is the status for a failure in the skill's own domain.
  static Reply error(tr_status status, std::string code, std::string message, std::string hint = {}) {
    Reply reply;
    reply.status_ = status;
    More& more = reply.more();
    more.code = std::move(code);
    more.message = std::move(message);
    more.hint = std::move(hint);
    return reply;
  }
  /// The failure of an upstream service, told in the same way by every tool (provider.hpp): 401, 402, 403, 404, 429,
  /// 5xx and "never answered" each get a status, a code, the provider's retry time, and leave to try the next backend
  /// where that is safe. Cancellation, suspension and successes pass through as they are.
  static Reply provider(const Reply& answer);

  /// TR_OK, and for an HTTP answer also 2xx.
  bool ok() const noexcept { return status_ == TR_OK && (!is_http_ || (number_ >= 200 && number_ < 300)); }
  tr_status status() const noexcept { return status_; }
  /// What the operation counted, for HTTP the status code.
  std::int64_t number() const noexcept { return number_; }
  bool is_http() const noexcept { return is_http_; }
  /// The bytes: an HTTP body, a stored value, a skill's output. Borrowed from this reply.
  View body() const noexcept { return body_.view(); }
  /// Headers of an HTTP answer by name, letter case aside; empty when absent.
  View header(std::string_view name) const noexcept { return fields_.find(name); }
  /// All headers, or the rows of a kv scan, in order.
  std::span<const tr_field> fields() const noexcept { return fields_.all(); }
  View code() const noexcept { return more_ ? View(more_->code) : View(); }
  View message() const noexcept { return more_ ? View(more_->message) : View(); }
  View hint() const noexcept { return more_ ? View(more_->hint) : View(); }
  View details() const noexcept { return more_ ? View(more_->details) : View(); }
  /// The operation's own object, or `_meta` of a skill's answer; JSON or empty.
  View meta() const noexcept { return more_ ? View(more_->meta) : View(); }
  /// 0 = not said.
  std::chrono::nanoseconds retry_after() const noexcept {
    return std::chrono::nanoseconds(more_ ? more_->retry_after_ns : 0);
  }
  /// TR_RESULT_* of an operation.
  std::uint32_t result_flags() const noexcept { return result_flags_; }
  /// TR_OUT_* of a skill's answer.
  std::uint32_t outcome_flags() const noexcept { return outcome_flags_; }

  /// Adds a block of content.
  Reply& part(Part part) {
    more().parts.push_back(std::move(part));
    return *this;
  }
  /// Structured output beside an error or beside parts.
  Reply& output(std::string document) {
    body_ = Bytes(std::move(document));
    return *this;
  }
  /// Adds TR_OUT_*.
  Reply& add_flags(std::uint32_t outcome_flags) noexcept {
    outcome_flags_ |= outcome_flags;
    return *this;
  }
  /// A JSON object with particulars of an error.
  Reply& details(std::string json) {
    more().details = std::move(json);
    return *this;
  }
  /// A JSON object, becomes MCP `_meta`.
  Reply& meta(std::string json) {
    more().meta = std::move(json);
    return *this;
  }
  Reply& retry_after(std::chrono::nanoseconds delay) {
    more().retry_after_ns = delay.count();
    return *this;
  }
  /// How long a resource or a list may be kept.
  Reply& ttl(std::chrono::nanoseconds time) {
    more().ttl_ns = time.count();
    return *this;
  }

  /// \cond The two borders; used by the SDK itself.
  struct Origin {
    bool is_http = false;
    bool is_repeatable = false;  // Sending the same request once more does no harm.
  };
  static Reply from_c(const tr_host* host, const tr_call_api* calls, const tr_result& result, Origin origin);
  /// Calls `deliver(const tr_outcome&)`, to which everything is lent except buffers, which change hands.
  template <class Deliver>
  void to_c(Deliver deliver);
  /// \endcond

 private:
  /// What few replies have.
  struct More {
    std::string code, message, hint, details, meta;
    std::vector<Part> parts;
    std::int64_t retry_after_ns = 0;
    std::int64_t ttl_ns = 0;
  };
  /// A unique_ptr that copies deeply.
  class MorePtr : public std::unique_ptr<More> {
   public:
    MorePtr() noexcept = default;
    MorePtr(MorePtr&&) noexcept = default;
    MorePtr(const MorePtr& other) : std::unique_ptr<More>(other ? new More(*other) : nullptr) {}
    MorePtr& operator=(MorePtr other) noexcept {
      swap(other);
      return *this;
    }
  };
  More& more() {
    if (!more_) more_.reset(new More);
    return *more_;
  }

  tr_status status_ = TR_OK;
  std::uint32_t result_flags_ = 0;
  std::uint32_t outcome_flags_ = 0;
  bool is_http_ = false;
  bool is_repeatable_ = false;
  std::int64_t number_ = 0;
  Bytes body_;
  Fields fields_;
  MorePtr more_;
};

/// Whether once_begin() found the value of an earlier run.
inline bool stored(const Reply& reply) noexcept { return (reply.result_flags() & TR_RESULT_STORED) != 0; }

inline Reply Reply::from_c(const tr_host* host, const tr_call_api* calls, const tr_result& result, Origin origin) {
  Reply reply;
  reply.status_ = result.status;
  reply.result_flags_ = result.flags;
  reply.is_http_ = origin.is_http;
  reply.is_repeatable_ = origin.is_repeatable;
  reply.number_ = result.number;
  if (result.body.size < Bytes::kLendFrom) {
    reply.body_ = Bytes(view(result.body).str());
  } else {
    tr_buffer kept{};
    calls->keep(host, &result, &kept);
    reply.body_ = Bytes(kept);
  }
  reply.fields_ = Fields(result.fields, result.field_count);
  if (result.status != TR_OK || result.meta_json.size != 0 || result.retry_after_ns != 0) {
    More& more = reply.more();
    more.code = view(result.code).str();
    more.message = view(result.message).str();
    more.hint = view(result.hint).str();
    more.meta = view(result.meta_json).str();
    more.retry_after_ns = result.retry_after_ns;
  }
  return reply;
}

template <class Deliver>
void Reply::to_c(Deliver deliver) {
  if (is_http_ && status_ == TR_OK && !ok()) return provider(*this).to_c(deliver);
  tr_outcome outcome{};
  outcome.struct_size = sizeof(outcome);
  outcome.status = status_;
  outcome.flags = outcome_flags_;
  outcome.output_json = body_.to_c();
  if (!more_) return deliver(static_cast<const tr_outcome&>(outcome));
  outcome.code = lend(more_->code);
  outcome.message = lend(more_->message);
  outcome.hint = lend(more_->hint);
  outcome.details_json = lend(more_->details);
  outcome.meta_json = lend(more_->meta);
  outcome.retry_after_ns = more_->retry_after_ns;
  outcome.ttl_ns = more_->ttl_ns;
  if (more_->parts.size() <= 1) {
    tr_part part{};
    if (!more_->parts.empty()) part = more_->parts.front().to_c();
    outcome.parts = &part;
    outcome.part_count = more_->parts.size();
    return deliver(static_cast<const tr_outcome&>(outcome));
  }
  std::vector<tr_part> parts;
  parts.reserve(more_->parts.size());
  for (Part& part : more_->parts) parts.push_back(part.to_c());
  outcome.parts = parts.data();
  outcome.part_count = parts.size();
  deliver(static_cast<const tr_outcome&>(outcome));
}

}  // namespace toolrack

#include <toolrack/provider.hpp>
