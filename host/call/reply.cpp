/// Stage 10: one outcome, handed to the transport, and its wire form that every surface shares.
#include "call/reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error_json.hpp"
#include "call/call_span.hpp"
#include "call/content.hpp"
#include "call/execution.hpp"
#include "call/loop_state.hpp"
#include "call/nested_calls.hpp"
#include "call/questions/question_words.hpp"
#include "call/questions/questions.hpp"

namespace toolrack::call {

void Execution::reply() {
  auto& state = *path_.loops_[loop_.index()];
  outcome_.timings.total_ns = path_.deps_.clock.monotonic_ns() - started_ns_;
  if (leads_ || response_ != nullptr) [[unlikely]]
    land();
  if (principal_->limits) outcome_.limit = principal_->limits->state(started_ns_ + outcome_.timings.total_ns);
  if (outcome_.suspended != nullptr) [[unlikely]]
    state.suspended.add();
  else if (outcome_.ok())
    state.succeeded.add();
  else
    state.failed[static_cast<std::size_t>(outcome_.result.error->type())]->add();
  state.duration.observe_ns(outcome_.timings.total_ns);
  if (outcome_.skill != nullptr && outcome_.skill->kind == registry::Kind::kSkill && outcome_.suspended == nullptr)
    state.tools.count(*outcome_.skill, outcome_.ok(), outcome_.timings.total_ns);
  replied_ = true;
  if (questions_ != nullptr) [[unlikely]] {
    end_round();
    questions_->close();
  }
  if (job_span_ != nullptr) [[unlikely]]
    job_span_->end(outcome_);
  if (nested_ != nullptr) [[unlikely]]
    outcome_.nested = &nested_->use();
  give_back_place();
  sink_->done(outcome_);
  if (state_ == State::kAbandoned) return;  // The handler still has the invocation; complete() ends it.
  if (!in_start_) recycle();
}

namespace {

/// Dollars as a JSON number: money never becomes a double on our side.
void write_money(base::json::Writer& writer, std::string_view name, base::Money money) {
  base::json::key(writer, name);
  base::json::raw(writer, money.text().view(), rapidjson::kNumberType);
}

void write_price(base::json::Writer& writer, const CallOutcome& outcome) {
  write_money(writer, "cost", outcome.total_cost());
  base::json::key(writer, "currency");
  base::json::put(writer, "USD");
  if (outcome.credits_remaining) {
    write_money(writer, "credits_remaining", *outcome.credits_remaining);
  } else {
    base::json::key(writer, "credits_remaining");
    writer.Null();
  }
  write_money(writer, "raw_cost", outcome.raw_cost);
  write_money(writer, "markup", base::Money::from_micros(outcome.markup_percent * 10'000));
  if (const auto is_charged = outcome.is_charged()) {
    base::json::key(writer, "billed");
    writer.Bool(*is_charged);
  }
}

void write_nested(base::json::Writer& writer, const NestedUse& nested) {
  using base::json::key;
  using base::json::put;
  key(writer, "nested");
  writer.StartObject();
  key(writer, "count");
  writer.Uint64(nested.count);
  write_money(writer, "cost", nested.cost);
  key(writer, "calls");
  writer.StartArray();
  for (const auto& call : nested.calls) {
    writer.StartObject();
    key(writer, "request_id");
    put(writer, call.request_id);
    for (const auto& [name, text] :
         {std::pair("tool", &call.tool), std::pair("version", &call.version), std::pair("skill", &call.skill)}) {
      key(writer, name);
      put(writer, *text);
    }
    key(writer, "status");
    put(writer, call.error.empty() ? "success" : "error");
    if (!call.error.empty()) {
      key(writer, "error_code");
      put(writer, call.error);
    }
    write_money(writer, "cost", call.cost);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
}

void write_attempts(base::json::Writer& writer, const std::vector<FailedAttempt>& attempts) {
  base::json::key(writer, "tried");
  writer.StartArray();
  for (const auto& attempt : attempts) {
    writer.StartObject();
    base::json::key(writer, "backend");
    base::json::put(writer, attempt.backend);
    base::json::key(writer, "error");
    base::json::put(writer, attempt.error);
    base::json::key(writer, "message");
    base::json::put(writer, attempt.message);
    base::json::key(writer, "took_ms");
    writer.Int64(attempt.took_ns / 1'000'000);
    writer.EndObject();
  }
  writer.EndArray();
}

}  // namespace

int http_status(const CallOutcome& outcome) noexcept {
  constexpr int kAnswersNeeded = 409;
  if (outcome.suspended != nullptr) return kAnswersNeeded;
  return outcome.ok() ? 200 : info(outcome.result.error->code()).http_status;
}

void write_reply(base::json::Writer& writer, const CallOutcome& outcome, ReplyOutput output) {
  using base::json::key;
  using base::json::put;
  writer.StartObject();
  key(writer, "status");
  put(writer, outcome.suspended != nullptr ? "input_required" : outcome.ok() ? "success" : "error");
  if (outcome.suspended != nullptr) [[unlikely]] {
    key(writer, "questions");
    write_questions(writer, outcome.suspended->questions);
    key(writer, "state");
    put(writer, outcome.suspended->state);
  }
  if (outcome.skill != nullptr) {
    key(writer, "tool");
    put(writer, outcome.skill->tool->slug);
    key(writer, "version");
    put(writer, outcome.skill->tool->version);
    key(writer, "skill");
    put(writer, outcome.skill->name);
  }
  if (!outcome.ok()) {
    key(writer, "error");
    base::write_error(writer, *outcome.result.error);
  } else if (!outcome.explanation_json.empty()) {
    key(writer, "dry_run");
    base::json::raw(writer, outcome.explanation_json);
  }
  if (!outcome.result.output_json.empty() && output == ReplyOutput::kInside) {
    key(writer, "output");
    base::json::raw(writer, outcome.result.output_json.view());
  }
  if (!outcome.result.parts.empty()) {
    key(writer, "content");
    writer.StartArray();
    for (const auto& part : outcome.result.parts) write_content(writer, part);
    writer.EndArray();
  }
  if (!outcome.result.meta_json.empty()) {
    key(writer, "meta");
    base::json::raw(writer, outcome.result.meta_json);
  }
  if (outcome.result.truncated) {
    key(writer, "truncated");
    writer.Bool(true);
  }
  if (!outcome.backend.empty()) {
    key(writer, "backend");
    put(writer, outcome.backend);
  }
  if (outcome.cache.is_cached()) {
    key(writer, "cached");
    writer.Bool(true);
  }
  if (!outcome.attempts.empty()) write_attempts(writer, outcome.attempts);
  write_price(writer, outcome);
  if (outcome.nested != nullptr) [[unlikely]]
    write_nested(writer, *outcome.nested);
  key(writer, "request_id");
  put(writer, outcome.request_id);
  writer.EndObject();
}

std::string cache_status(const CacheNote& note) {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  const auto with_ttl = [&](std::string_view words) {
    return fmt::format("{}; ttl={}", words, note.ttl_ns / kSecondNs);
  };
  switch (note.use) {
    case ServedBy::kUncached:
      return {};
    case ServedBy::kCache:
      return with_ttl("toolrack; hit");
    case ServedBy::kLeader:
      return with_ttl("toolrack; fwd=uri-miss; collapsed");
    case ServedBy::kSkill:
      return note.is_stored ? with_ttl("toolrack; fwd=uri-miss; stored") : "toolrack; fwd=uri-miss";
    case ServedBy::kRefresh:
      return note.is_stored ? with_ttl("toolrack; fwd=request; stored") : "toolrack; fwd=request";
  }
  return {};
}

ServerTiming::ServerTiming(const Timings& timings) noexcept {
  add("validate;dur=", timings.validate_ns);
  add(", run;dur=", timings.run_ns);
  if (timings.settle_ns != 0) add(", settle;dur=", timings.settle_ns);
  add(", total;dur=", timings.total_ns);
}

/// In whole microseconds, so that no floating point is needed to write three decimals.
void ServerTiming::add(std::string_view name, std::int64_t duration_ns) noexcept {
  constexpr std::int64_t kMicrosecondNs = 1'000;
  const auto microseconds = std::max<std::int64_t>(0, duration_ns + kMicrosecondNs / 2) / kMicrosecondNs;
  auto* out = text_.data() + size_;
  out = std::ranges::copy(name, out).out;
  out = std::to_chars(out, text_.data() + text_.size(), microseconds / 1'000).ptr;
  *out++ = '.';
  for (std::int64_t digit = 100; digit != 0; digit /= 10) *out++ = static_cast<char>('0' + microseconds / digit % 10);
  size_ = static_cast<std::size_t>(out - text_.data());
}

}  // namespace toolrack::call
