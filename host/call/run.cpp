/// Stage 6: one attempt of the skill, within the call's deadline.
#include <algorithm>

#include "call/execution.hpp"
#include "call/loop_state.hpp"

namespace toolrack::call {

void Execution::run() {
  if (text_.empty()) keep_text();
  attempt_started_ns_ = path_.deps_.clock.monotonic_ns();
  outcome_.has_run = true;
  if (run_started_ns_ == 0) {
    run_started_ns_ = attempt_started_ns_;
    deadline_ns_ = run_started_ns_ + timeout_ns();
  }

  invocation_.skill = skill_;
  invocation_.name = offer_ == nullptr ? std::string_view(skill_->name) : std::string_view(offer_->name);
  invocation_.input_json = request_.input_json;
  invocation_.call_id = request_.request_id;
  invocation_.account = principal_->account;
  invocation_.transport = request_.transport;
  invocation_.client = request_.client;
  invocation_.locale = request_.locale;
  invocation_.traceparent = request_.traceparent;
  invocation_.meta_json = request_.meta_json;
  invocation_.deadline_ns = attempt_deadline_ns(attempt_started_ns_);
  invocation_.provider_keys = request_.provider_keys;
  invocation_.loop = &loop_;
  invocation_.recording = path_.deps_.recording;
  invocation_.wants_progress = request_.wants_progress;
  invocation_.caller_log_level = request_.log_level;
  invocation_.wants_partials = request_.wants_partials;
  invocation_.caller = this;
  invocation_.once = this;
  if (questions_ != nullptr) [[unlikely]]
    describe_questions();
  if (request_.job == JobUse::kIsOne) describe_job();
  if (request_.nesting != nullptr) describe_nesting();

  state_ = State::kRunning;
  invoking_ = true;
  handler_ticket_ = skill_->handler->invoke(invocation_, *this);
  invoking_ = false;
  if (completed_) return conclude();

  pin();
  arm(invocation_.deadline_ns);
}

std::int64_t Execution::timeout_ns() const {
  auto timeout_ms = skill_->timeout.count();
  if (request_.timeout_ms > 0) timeout_ms = std::min(timeout_ms, request_.timeout_ms);
  return timeout_ms * 1'000'000;
}

void Execution::complete(registry::Outcome&& outcome) noexcept {
  if (state_ == State::kAbandoned)
    return recycle();  // Too late: the caller has its answer. The outcome is released here.
  outcome_.result = std::move(outcome);
  completed_ = true;
  if (!invoking_) {
    timer_.cancel();
    conclude();
  }
}

void Execution::progress(double done, double total, std::string_view note) noexcept {
  if (state_ == State::kRunning) sink_->progress(done, total, note);
}

void Execution::log(std::uint8_t level, std::string_view text, std::string_view fields_json) noexcept {
  if (state_ == State::kRunning) sink_->log(level, skill_->tool->slug, text, fields_json);
}

bool Execution::partial(registry::Part part) noexcept {
  if (state_ != State::kRunning) return false;
  has_partials_ = true;
  return sink_->partial(std::move(part));
}

}  // namespace toolrack::call
