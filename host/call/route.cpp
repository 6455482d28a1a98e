/// Stage 5: which backend serves the call, and whether another one may after it failed.
///
/// The handler is told one backend an attempt; the loop over them is here, so that it is the same for every source.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>

#include "call/execution.hpp"
#include "call/questions/questions.hpp"
#include "services/credentials/signing.hpp"

namespace toolrack::call {
namespace {

using base::ErrorCode;
using services::providers::Breaker;

/// The provider did not serve.
bool is_providers_failure(ErrorCode code) noexcept {
  return code == ErrorCode::kProviderError || code == ErrorCode::kProviderUnavailable || code == ErrorCode::kTimeout ||
         code == ErrorCode::kUnavailable;
}

}  // namespace

/// The next backend of the plan that is not given a pause. kProviderUnavailable when all that are left are.
base::Result<void> Execution::route() {
  invocation_ = {};
  if (plan_.candidates.empty()) return {};
  const auto now_ns = path_.deps_.clock.monotonic_ns();
  std::chrono::nanoseconds soonest = std::chrono::nanoseconds::max();
  while (next_backend_ < plan_.candidates.size()) {
    const auto& candidate = plan_.candidates[next_backend_++];
    // A dry run asks nobody, so it must not take the place of the one that finds out.
    const bool is_open =
        request_.dry_run ? candidate.state->breaker(now_ns) == Breaker::kOpen : !candidate.state->admit(now_ns);
    if (!is_open) {
      set_backend(candidate);
      return {};
    }
    soonest = std::min(soonest, candidate.state->figures(now_ns).until_probe);
    outcome_.attempts.push_back({.backend = candidate.backend->provider,
                                 .error = "provider_paused",
                                 .message = "it failed again and again and is given a pause"});
  }
  return tl::unexpected(
      base::Error(
          ErrorCode::kProviderUnavailable,
          fmt::format("no backend of {}.{} can be asked now: {} has failed again and again and is given a pause",
                      skill_->tool->slug, skill_->name, outcome_.attempts.back().backend))
          .with_retry_after(std::max(soonest, std::chrono::nanoseconds(std::chrono::seconds(1)))));
}

void Execution::set_backend(const BackendCandidate& candidate) {
  const auto& provider = *candidate.provider;
  backend_ = {.provider = provider.slug,
              .base_url = provider.base_url,
              .credential = provider.credential,
              .options_json = candidate.backend->options_json,
              .byok = false,
              .last = !has_another_backend()};
  invocation_.backend = &backend_;
  outcome_.backend = provider.slug;
  outcome_.raw_cost = candidate.backend->price;
  outcome_.markup_percent = kPlatformPercent;
  if (request_.provider_keys != nullptr) pay_with_callers_key();
}

bool Execution::has_another_backend() const { return next_backend_ < plan_.candidates.size(); }

/// What callers can bring about must not give the provider a bad name: input that it refuses (kProviderError), less
/// time than the skill takes, an own account with it that is exhausted.
bool Execution::is_providers_fault(const base::Error& error) const {
  if (!is_providers_failure(error.code()) || error.code() == ErrorCode::kProviderError || backend_.byok) return false;
  const bool is_in_haste = request_.timeout_ms > 0 && request_.timeout_ms < skill_->timeout.count();
  return error.code() != ErrorCode::kTimeout || !is_in_haste;
}

/// Where another backend could take over, an attempt leaves it time to.
std::int64_t Execution::attempt_deadline_ns(std::int64_t now_ns) const {
  if (!has_another_backend() || !skill_->is_repeatable()) return deadline_ns_;
  constexpr std::int64_t kShare = 60;  // Percent of what is left.
  return now_ns + std::max<std::int64_t>(deadline_ns_ - now_ns, 0) / 100 * kShare;
}

void Execution::note_attempt() {
  if (invocation_.backend == nullptr) return;
  const auto now_ns = path_.deps_.clock.monotonic_ns();
  const auto took_ns = now_ns - attempt_started_ns_;
  auto& state = *plan_.candidates[next_backend_ - 1].state;
  const auto& result = outcome_.result;
  if (!result.error) return state.note_answer(took_ns, result.output_json.view().size());
  const auto& error = *result.error;
  if (is_providers_fault(error))
    state.note_failure(now_ns);
  else if (error.type() == base::ErrorType::kProvider)
    state.note_answer(took_ns, 0);  // It said no, which is an answer.
  outcome_.attempts.push_back({.backend = backend_.provider,
                               .error = std::string(error.name()),
                               .message = error.message(),
                               .took_ns = took_ns});
}

/// Only when nothing can have happened twice: the skill may be repeated anyway, or nothing has reached the far end, or
/// the skill itself says that the next one may.
bool Execution::may_try_next() const {
  const auto& result = outcome_.result;
  if (!result.error || !has_another_backend() || has_partials_ || result.is_final) return false;
  // The answers belong to the attempt that asked.
  if (questions_ != nullptr && questions_->has_asked()) return false;
  if (stop_reason_ && !is_attempt_over_) return false;
  if (path_.deps_.clock.monotonic_ns() >= deadline_ns_) return false;
  if (result.try_next) return true;
  return is_providers_failure(result.error->code()) && (skill_->is_repeatable() || result.untouched);
}

/// The handler's `complete` is still on the stack and its invocation must stay until it has returned, so a call that
/// waits goes on in a turn of its own.
void Execution::try_next() {
  pin();
  state_ = State::kAdmitting;
  stop_reason_.reset();
  completed_ = is_attempt_over_ = is_overdue_ = false;
  handler_ticket_ = 0;
  boost::asio::post(loop_.context(), [this, ticket = ticket_] {
    if (ticket != ticket_) return;
    if (stop_reason_) return fail_with(*std::move(stop_reason_));
    // What the failed attempt left goes only now: its output may be lent by the source that called us.
    auto error = std::move(outcome_.result.error);
    outcome_.result = {};
    const auto attempt = invocation_.attempt + 1;
    if (auto routed = route(); !routed) return fail_with(std::move(error).value());
    invocation_.attempt = attempt;
    run();
  });
}

/// The caller pays the provider, when a key for this backend came along; we charge for the way there.
void Execution::pay_with_callers_key() {
  const auto* credential = skill_->tool->find_credential(backend_.credential);
  if (credential == nullptr ||
      !services::credentials::has_caller_key(*credential, backend_.provider, **request_.provider_keys))
    return;
  backend_.byok = true;
  outcome_.markup_percent = kByokPercent;
}

}  // namespace toolrack::call
