#include "call/execution.hpp"

#include <utility>

#include "call/call_span.hpp"
#include "call/loop_state.hpp"
#include "call/nested_calls.hpp"
#include "call/questions/questions.hpp"
#include "call/questions/suspended_calls.hpp"

namespace toolrack::call {
namespace {

/// How long a handler may take to unwind after it was told to stop, before the caller gets its answer without it.
constexpr std::int64_t kGraceNs = 150'000'000;

/// A skill that was stopped and gives its failure a name of its own knows what has happened until then.
bool says_more_than_stopped(const base::Error& error) { return error.name() != base::info(error.code()).name; }

}  // namespace

Execution::Execution(CallPath& path, base::Loop& loop) : path_(path), loop_(loop), timer_(loop.context()) {}

Execution::~Execution() = default;

bool Execution::start(const CallRequest& request, CallSink& sink,
                      const std::shared_ptr<const registry::Catalogue>& catalogue) {
  request_ = request;
  sink_ = &sink;
  principal_ = request.principal->get();
  lent_catalogue_ = &catalogue;
  in_start_ = true;
  state_ = State::kAdmitting;
  started_ns_ = request.received_ns != 0 ? request.received_ns : path_.deps_.clock.monotonic_ns();
  outcome_.request_id = request.request_id;

  auto admitted = [&]() -> base::Result<void> {
    if (request_.asking != nullptr && !TRY(begin_round())) [[unlikely]]
      return {};
    TRY(resolve(*catalogue));
    TRY(validate());
    if (!request_.webhook.empty()) TRY(check_webhook());
    TRY(admit());
    name_response();
    return {};
  }();
  if (!admitted) {
    fail_with(std::move(admitted).error());
  } else if (replied_ || state_ == State::kSettling) {
    // Suspended anew, or about to be: not all that was asked is answered.
  } else if ((skill_->approval || !skill_->limits.empty()) && !request_.dry_run && request_.resumption == nullptr &&
             !is_later_round()) {
    check_store();
  } else {
    go();
  }

  in_start_ = false;
  lent_catalogue_ = nullptr;
  if (!replied_) return false;
  recycle();
  return true;
}

void Execution::go() {
  if (is_later_round() && !is_round_noted()) [[unlikely]]
    return note_round();
  if (request_.job != JobUse::kNever && is_to_be_job()) [[unlikely]]
    return become_job();
  if (!response_key_.empty() && answer_from_cache()) return;
  if (auto routed = route(); !routed && !request_.dry_run) return fail_with(std::move(routed).error());
  if (request_.dry_run) {
    outcome_.explanation_json = explain();
    cost_nothing();
    reply();
  } else {
    run();
  }
}

void Execution::cancel() {
  switch (state_) {
    case State::kRunning:
      stop(base::Error(base::ErrorCode::kCancelled, "the caller cancelled the call or went away"));
      break;
    case State::kAdmitting:
      stop_reason_.emplace(base::ErrorCode::kCancelled, "the caller cancelled the call before it ran");
      break;
    case State::kFollowing:
      fail_with(base::Error(base::ErrorCode::kCancelled, "the caller cancelled the call or went away"));
      break;
    case State::kIdle:
    case State::kStopping:
    case State::kAbandoned:
    case State::kGathering:
    case State::kDelivering:
    case State::kSettling:
      break;  // It ends in a moment anyway.
  }
}

void Execution::stop(base::Error reason) {
  stop_reason_ = std::move(reason);
  state_ = State::kStopping;
  arm(path_.deps_.clock.monotonic_ns() + kGraceNs);
  if (nested_ != nullptr) nested_->cancel_all();
  skill_->handler->cancel(handler_ticket_);
}

void Execution::abandon() {
  state_ = State::kAbandoned;
  fail_with(*std::move(stop_reason_));
}

void Execution::arm(std::int64_t at_monotonic_ns) {
  timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(at_monotonic_ns)));
  timer_.async_wait([this, ticket = ticket_](boost::system::error_code error) {
    if (!error && ticket == ticket_) on_timer();
  });
}

void Execution::on_timer() {
  if (state_ == State::kFollowing) {
    fail_with(base::Error(base::ErrorCode::kTimeout,
                          "the same call of somebody else, whose answer this one waited for, did not end in time"));
  } else if (state_ == State::kRunning && waiting_ != 0) {
    stop(base::Error(base::ErrorCode::kTimeout, "nobody has answered the skill's question in time"));
  } else if (state_ == State::kRunning) {
    is_attempt_over_ = invocation_.deadline_ns < deadline_ns_;
    const auto* what = is_attempt_over_ ? "the backend did not answer in its share of the call's time"
                                        : "the skill did not answer before the call's deadline";
    const auto* hint = skill_->is_repeatable() ? "" : "It may have acted: see whether it has before you call again.";
    stop(base::Error(base::ErrorCode::kTimeout, what, hint));
  } else if (state_ == State::kStopping) {
    if (!is_alone()) {
      is_overdue_ = true;
      return;
    }
    abandon();
  }
}

void Execution::pin() {
  if (pinned_catalogue_) return;
  pinned_catalogue_ = *lent_catalogue_;
  pinned_principal_ = *request_.principal;
  request_.principal = &pinned_principal_;
}

void Execution::keep_text() {
  std::string_view* const views[] = {&request_.request_id,  &request_.input_json, &request_.client, &request_.locale,
                                     &request_.traceparent, &request_.meta_json,  &request_.webhook};
  std::size_t size = 0;
  for (const auto* view : views) size += view->size();
  text_.clear();
  text_.reserve(size);
  for (auto* view : views) {
    const auto offset = text_.size();
    text_.append(*view);
    *view = std::string_view(text_).substr(offset);
  }
  if (request_.provider_keys != nullptr) {
    pinned_provider_keys_ = *request_.provider_keys;
    request_.provider_keys = &pinned_provider_keys_;
  }
  request_.input = nullptr;  // The parsed form was lent; it has served.
  outcome_.request_id = request_.request_id;
}

void Execution::fail_with(base::Error error) {
  outcome_.result.error = std::move(error);
  cost_nothing();
  // Refused before it ran: its caller may come again.
  if (run_started_ns_ == 0 && is_later_round() && !questions_->waits()) [[unlikely]]
    path_.deps_.suspended->put_back(std::move(questions_->earlier));
  record();
  reply();
}

void Execution::cost_nothing() {
  outcome_.raw_cost = outcome_.cost = base::Money();
  outcome_.billed = false;
}

void Execution::conclude() {
  if (!is_alone()) [[unlikely]] {
    state_ = State::kGathering;  // And back here from `nested_call_ended`.
    return;
  }
  outcome_.timings.run_ns = path_.deps_.clock.monotonic_ns() - run_started_ns_;
  if (questions_ != nullptr) [[unlikely]]
    note_divergence();
  if (outcome_.result.is_suspended) [[unlikely]]
    return suspend();
  if (stop_reason_ && outcome_.result.error && !says_more_than_stopped(*outcome_.result.error))
    outcome_.result.error = *stop_reason_;
  note_attempt();
  if (may_try_next()) return try_next();
  if (!deliver()) return;
  if (!response_key_.empty()) make_response();
  settle();
}

/// Before the caller has its answer, who may make the next call at once, and of another loop. One that was abandoned
/// still runs.
void Execution::give_back_place() noexcept {
  if (state_ != State::kAbandoned && std::exchange(admitted_, false)) principal_->limits->leave();
}

void Execution::recycle() {
  if (admitted_) principal_->limits->leave();
  timer_.cancel();
  state_ = State::kIdle;
  invoking_ = completed_ = admitted_ = replied_ = false;
  request_ = {};
  sink_ = nullptr;
  principal_ = nullptr;
  skill_ = nullptr;
  offer_.reset();
  lent_catalogue_ = nullptr;
  handler_ticket_ = 0;
  run_started_ns_ = deadline_ns_ = 0;
  plan_.clear();
  next_backend_ = 0;
  has_partials_ = is_attempt_over_ = leads_ = is_overdue_ = has_linked_ = false;
  nested_.reset();
  job_span_.reset();
  if (questions_ != nullptr) [[unlikely]] {
    questions_->close();
    questions_.reset();
  }
  steps_.reset();
  waiting_ = 0;
  response_key_.clear();
  response_.reset();
  worst_cost_ = base::Money();
  text_.clear();
  stop_reason_.reset();
  outcome_ = {};
  pinned_principal_.reset();
  pinned_provider_keys_.reset();
  pinned_catalogue_.reset();
  path_.loops_[loop_.index()]->give_back(*this);
}

}  // namespace toolrack::call
