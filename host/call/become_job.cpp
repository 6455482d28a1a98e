/// Between admission and the backend: a call that is a job goes on without its caller, once it is durable. And what
/// its skill keeps of how far it has come.
#include <boost/asio/post.hpp>

#include <utility>

#include "call/call_span.hpp"
#include "call/execution.hpp"
#include "call/loop_state.hpp"
#include "call/questions/questions.hpp"

namespace toolrack::call {
namespace {

base::Error no_jobs() {
  return {base::ErrorCode::kUnavailable, "this gateway runs no jobs",
          "Start one with `toolrack serve`, or leave \"async\" out."};
}

}  // namespace

bool Execution::may_become_job() const noexcept {
  if (request_.dry_run) return false;
  return request_.job == JobUse::kAlways ||
         (request_.job == JobUse::kIfLong && skill_->is_long() && path_.deps_.jobs != nullptr);
}

/// A skill that asks first runs without being a job until it has its answers, where its caller can bring them.
bool Execution::is_to_be_job() const noexcept {
  if (!may_become_job()) return false;
  if (questions_ == nullptr || questions_->waits()) return true;
  return skill_->asks_first == is_later_round();
}

base::Result<void> Execution::check_webhook() const {
  if (!may_become_job() && !request_.dry_run)
    return base::fail(base::ErrorCode::kInvalidRequest, "\"webhook\" is for jobs, and this call is none",
                      "Add \"async\": true, or leave \"webhook\" out.");
  return path_.deps_.jobs == nullptr ? tl::unexpected(no_jobs()) : path_.deps_.jobs->check_webhook(request_.webhook);
}

void Execution::become_job() {
  if (path_.deps_.jobs == nullptr) return fail_with(no_jobs());
  request_.job = JobUse::kIsOne;
  request_.asking = questions_ == nullptr ? nullptr : &questions_->of_job();
  request_.wants_progress = request_.wants_partials = true;
  request_.log_level = registry::kNoCallerLog;
  state_ = State::kAdmitting;
  pin();
  if (text_.empty()) keep_text();
  // Whoever started the call holds a ticket that ends it when the client leaves. A job does not end then.
  path_.loops_[loop_.index()]->renew_ticket(*this);
  path_.deps_.jobs->begin(
      path_, loop_, ticket_, request_, *skill_, [this, ticket = ticket_](base::Result<JobKeeper::Begun> begun) {
        if (ticket != ticket_) return;
        if (!begun) return fail_with(std::move(begun).error());
        sink_->accepted({.id = begun->id, .created_unix_ns = begun->created_unix_ns, .keep_ns = begun->keep_ns});
        sink_ = begun->sink;
        begin_job_span(begun->id);
        if (questions_ != nullptr) {
          questions_->go_on_as_job(*sink_);
          end_round();
        }
        // A job has a limit of its own, and would keep others of its key from calling for long.
        if (admitted_) principal_->limits->leave();
        admitted_ = false;
        if (stop_reason_) return fail_with(*std::move(stop_reason_));
        go();
      });
}

/// A job is a trace of its own: it goes on when the request that made it has long been answered, and perhaps again
/// after a restart.
void Execution::begin_job_span(std::string_view job_id) {
  if (job_span_ != nullptr) return;
  job_span_ = CallSpan::after(path_.deps_.tracer, loop_, request_.traceparent, job_id);
  if (job_span_ == nullptr) return;
  job_span_->note_input(request_.input_json);
  request_.traceparent = job_span_->traceparent();
}

void Execution::describe_job() {
  begin_job_span({});  // Of one that goes on after a restart.
  invocation_.traceparent = request_.traceparent;
  invocation_.is_job = true;
  invocation_.checkpoints = this;
  if (request_.resumption == nullptr) return;
  invocation_.run = request_.resumption->run;
  const auto& checkpoint = request_.resumption->checkpoint;
  invocation_.checkpoint = checkpoint ? &*checkpoint : nullptr;
}

void Execution::keep(registry::Checkpoint checkpoint, Kept kept) {
  if (state_ != State::kRunning || completed_) {
    boost::asio::post(loop_.context(), [kept = std::move(kept)] {
      kept(base::fail(base::ErrorCode::kCancelled, "the call is ending, and keeps nothing any more"));
    });
    return;
  }
  // Another backend would begin at the beginning, with a checkpoint that the first one's work led to.
  if (skill_->resumable) has_partials_ = true;
  sink_->keep(std::move(checkpoint), outcome_.backend, std::move(kept));
}

}  // namespace toolrack::call
