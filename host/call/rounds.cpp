/// Questions, and the runs between them. A call whose skill asks is suspended: its frame is gone, its record waits, and
/// with the answers it is admitted, routed to the same backend and run again (docs/questions.md).
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "call/execution.hpp"
#include "call/nested_calls.hpp"
#include "call/questions/questions.hpp"
#include "call/questions/suspended_calls.hpp"

namespace toolrack::call {
namespace {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

/// How long a person may think while the frame waits: one who sits before a session, and one who looks after jobs.
constexpr std::int64_t kMinuteNs = std::int64_t{60} * 1'000'000'000;
constexpr std::int64_t kPatienceNs = 15 * kMinuteNs, kJobPatienceNs = 24 * 60 * kMinuteNs;

/// The next request must be the same in this. What it is not held to: how long it may take, what it says of itself.
base::Sha256 binding_of(const CallRequest& request, const accounts::Principal& principal) {
  std::string text;
  for (const std::string_view part : {std::string_view(principal.account), std::string_view(principal.key_id),
                                      request.asking->method, request.tool, request.skill})
    text.append(part).append(1, '\n');
  text += request.input == nullptr ? "{}" : base::json::canonical(*request.input);
  return base::sha256(text);
}

}  // namespace

bool Execution::is_later_round() const noexcept { return questions_ != nullptr && questions_->earlier != nullptr; }

Result<bool> Execution::begin_round() {
  const auto& asking = *request_.asking;
  const bool is_later = !asking.state.empty();
  // A dry run asks nobody.
  if (request_.dry_run || (!is_later && (asking.kinds | asking.told_kinds) == 0)) return true;
  // What is recorded to be replayed asks nobody either: one record is one run.
  if (path_.deps_.recording != nullptr || (path_.deps_.suspended == nullptr && !asking.waits)) return true;
  questions_ =
      std::make_shared<Questions>(loop_, asking, *sink_, [this](bool is_waiting) { while_waiting(is_waiting); });
  questions_->skill = request_.skill;
  if (asking.waits) return true;
  binding_ = binding_of(request_, *principal_);
  if (!is_later) return true;

  auto& suspended = *path_.deps_.suspended;
  auto call = TRY(suspended.take(asking.state, binding_));
  if (asking.answers != nullptr) {
    if (auto taken = take_answers(*call, *asking.answers); !taken) {
      suspended.put_back(std::move(call));
      return tl::unexpected(std::move(taken).error());
    }
  }
  const bool is_answered = call->open.empty();
  if (!is_answered) {
    outcome_.request_id = request_.request_id;
    reply_suspended(std::move(call));
    return false;
  }
  request_.request_id = questions_->call_id = call->call_id;
  request_.tool = questions_->tool = call->tool;
  request_.skill = questions_->skill = call->skill;
  outcome_.request_id = request_.request_id;
  questions_->earlier = std::move(call);
  return true;
}

Result<void> Execution::stay_with_backend() {
  const auto& earlier = *questions_->earlier;
  if (earlier.backend.empty()) return {};
  std::erase_if(plan_.candidates,
                [&](const BackendCandidate& each) { return each.backend->provider != earlier.backend; });
  if (!plan_.candidates.empty()) return {};
  return fail(ErrorCode::kProviderUnavailable,
              fmt::format("the call was asked by way of {}, which does not serve it any more", earlier.backend),
              "Make the same call without state and answers.");
}

void Execution::describe_questions() {
  questions_->begin_attempt();
  invocation_.can_ask = questions_->kinds();
  invocation_.asker = questions_.get();
  // What the host executes itself asks nobody, so nothing of it needs to be kept.
  if (invocation_.recording == nullptr && skill_->tool->source != "declarative")
    invocation_.recording = questions_->recording();
  if (is_later_round()) describe_earlier_rounds();
}

void Execution::describe_earlier_rounds() {
  auto& earlier = *questions_->earlier;
  invocation_.run = earlier.run;
  invocation_.attempt = earlier.attempt;
  outcome_.attempts.clear();
  for (const auto& each : earlier.attempts)
    outcome_.attempts.push_back(
        {.backend = each.backend, .error = each.error, .message = each.message, .took_ns = each.took_ns});
  if (!earlier.steps.is_empty()) steps_ = std::make_unique<Steps>(earlier.steps);
  if (earlier.nested_started == 0) return;
  nested_ = std::make_unique<NestedCalls>(*this);
  nested_->go_on_from(
      {.use = earlier.nested, .committed = earlier.nested_committed, .started = earlier.nested_started});
}

/// A run that did something else than the one before it has mixed two calls: whatever it came to is not its answer.
void Execution::note_divergence() {
  const auto* const recording = questions_->recording();
  if (recording == nullptr) return;
  const auto divergences = recording->divergences();
  if (divergences.empty()) return;
  outcome_.result.is_suspended = false;
  outcome_.result.error =
      Error(ErrorCode::kToolError, divergences.front(),
            "Until its question a skill does the same in every run (docs/questions.md). This is a defect of the tool; "
            "report it to its author.")
          .with_name("replay_diverged");
  outcome_.result.is_final = true;
}

/// What may be repeated needs no note: if the gateway is killed, the state goes on from its question once more. A job
/// has a record of its own, and what the state stands for becomes one once.
bool Execution::is_round_noted() const noexcept {
  return questions_->is_noted || questions_->waits() || (skill_->is_repeatable() && !is_to_be_job());
}

void Execution::note_round() {
  questions_->is_noted = true;
  state_ = State::kAdmitting;
  pin();
  if (text_.empty()) keep_text();
  path_.deps_.suspended->begin_run(
      questions_->earlier->id, [this, &loop = loop_, ticket = ticket_](Result<void> noted) {
        boost::asio::post(loop.context(), [this, ticket, noted = std::move(noted)]() mutable {
          if (ticket != ticket_) return;
          if (stop_reason_) return fail_with(*std::move(stop_reason_));
          if (!noted) return fail_with(std::move(noted).error());
          go();
        });
      });
}

/// Its state has served: the call has ended, has asked more, or is a job now.
void Execution::end_round() {
  if (is_later_round()) path_.deps_.suspended->finish(questions_->earlier->id);
}

void Execution::suspend() {
  outcome_.result = {};
  if (stop_reason_) return fail_with(*std::move(stop_reason_));
  auto open = questions_ == nullptr ? std::vector<registry::Question>() : questions_->open();
  auto* const recording = questions_ == nullptr ? nullptr : questions_->recording();
  if (recording != nullptr && recording->is_overfull())
    return fail_with(Error(ErrorCode::kInvalidRequest,
                           "what the skill did until its question is more than the 1 MiB that is kept of it",
                           "Ask before much is fetched, or put what is large into an asset.")
                         .with_name("record_too_large"));
  if (open.empty() || recording == nullptr)
    return fail_with(Error(ErrorCode::kInternal, "the skill suspended itself although it had asked no question"));
  if (invocation_.backend != nullptr)
    plan_.candidates[next_backend_ - 1].state->note_answer(path_.deps_.clock.monotonic_ns() - attempt_started_ns_, 0);

  const auto& tool = *skill_->tool;
  auto call = std::make_unique<SuspendedCall>();
  if (questions_->earlier != nullptr) call->id = questions_->earlier->id;  // Which it replaces.
  call->call_id = request_.request_id;
  call->tool = fmt::format("{}@{}", tool.id(), tool.version);
  // A resource or prompt is found by what its caller named it.
  call->skill = request_.kind == registry::Kind::kSkill ? skill_->name : questions_->skill;
  call->run = invocation_.run + 1;
  call->kinds = questions_->kinds();
  call->backend = outcome_.backend;
  call->attempt = invocation_.attempt;
  for (const auto& each : outcome_.attempts)
    call->attempts.push_back({std::string(each.backend), each.error, each.message, each.took_ns});
  call->operations = recording->operations();
  call->open = std::move(open);
  if (steps_ != nullptr) call->steps = std::move(*steps_);
  if (nested_ != nullptr) {
    auto so_far = nested_->so_far();
    call->nested = std::move(so_far.use);
    call->nested_committed = so_far.committed;
    call->nested_started = so_far.started;
  }
  reply_suspended(std::move(call));
}

void Execution::reply_suspended(std::unique_ptr<SuspendedCall> call) {
  auto& suspension = questions_->suspension;
  call->binding = binding_;
  call->account = principal_->account;
  suspension.questions = call->open;
  pin();
  if (text_.empty()) keep_text();
  state_ = State::kSettling;
  auto state = path_.deps_.suspended->keep(std::move(call), [this, &loop = loop_, ticket = ticket_] {
    boost::asio::post(loop.context(), [this, ticket] {
      if (ticket != ticket_) return;
      outcome_.suspended = &questions_->suspension;
      cost_nothing();
      reply();
    });
  });
  if (!state) return fail_with(std::move(state).error());
  suspension.state = *std::move(state);
}

/// A person's time is not the skill's: the deadline comes later by as long as it takes.
void Execution::while_waiting(bool is_waiting) {
  if (state_ != State::kRunning) return;
  const auto now_ns = path_.deps_.clock.monotonic_ns();
  if (is_waiting) {
    if (++waiting_ != 1) return;
    waiting_since_ns_ = now_ns;
    return arm(now_ns + (request_.job == JobUse::kIsOne ? kJobPatienceNs : kPatienceNs));
  }
  if (waiting_ == 0 || --waiting_ != 0) return;
  deadline_ns_ += now_ns - waiting_since_ns_;
  invocation_.deadline_ns += now_ns - waiting_since_ns_;
  arm(invocation_.deadline_ns);
}

Result<registry::Once::Begun> Execution::begin_step(std::string_view key) {
  // What memory keeps is gone with a restart, and then the step would happen again.
  if (request_.job == JobUse::kIsOne && skill_->resumable)
    return tl::unexpected(Error(ErrorCode::kUnimplemented, "the steps of jobs that go on after a restart are not kept",
                                "Keep in a checkpoint what has been done.")
                              .with_name("once_not_kept"));
  if (steps_ == nullptr) steps_ = std::make_unique<Steps>();
  return steps_->begin(key);
}

Result<void> Execution::end_step(std::string_view key, Ending ending, std::string_view value) {
  if (steps_ == nullptr) steps_ = std::make_unique<Steps>();
  return steps_->end(key, ending, value);
}

}  // namespace toolrack::call
