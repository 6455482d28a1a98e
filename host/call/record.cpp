/// Stage 9: every call that reached a skill leaves a record, and every call is counted.
#include "call/execution.hpp"
#include "call/loop_state.hpp"
#include "call/nested_calls.hpp"
#include "call/usage_record.hpp"
#include "services/log/log.hpp"

namespace toolrack::call {
namespace {

/// What speaks against the version that ran: that it, or what it asked for, failed. Not what the caller did, nor what
/// would have hit every version: docs/versions.md.
bool speaks_against_version(const base::Error& error) noexcept {
  switch (error.code()) {
    case base::ErrorCode::kCancelled:
    case base::ErrorCode::kProviderUnavailable:
    case base::ErrorCode::kUnavailable:
    case base::ErrorCode::kStoreFailed:
      return false;
    default:
      return error.type() == base::ErrorType::kInternal || error.type() == base::ErrorType::kProvider;
  }
}

}  // namespace

accounts::UsageRecord usage_record(const CallRequest& request, const accounts::Principal& principal,
                                   const CallOutcome& outcome, const base::Clock& clock) {
  const auto& tool = *outcome.skill->tool;
  return {.request_id = request.request_id,
          .account = principal.account,
          .key_id = principal.key_id,
          .owner = tool.owner,
          .tool = tool.slug,
          .version = tool.version,
          .skill = outcome.skill->name,
          .transport = request.transport,
          .backend = outcome.backend,
          .error_code = outcome.ok() ? std::string_view() : outcome.result.error->name(),
          .root_id = request.nesting == nullptr ? std::string_view() : request.nesting->above.root_id(),
          .started_unix_ns = clock.unix_ns() - outcome.timings.total_ns,
          .latency_ns = outcome.timings.total_ns,
          .raw_cost = outcome.raw_cost,
          .cost = outcome.cost,
          .byok = outcome.markup_percent == kByokPercent};
}

/// For those who watch: never what was said, only that it was.
void Execution::log_end() const {
  const auto& tool = *outcome_.skill->tool;
  services::log::write(services::log::Level::kDebug, "a call has ended",
                       {{"request_id", request_.request_id},
                        {"tool", tool.id()},
                        {"version", tool.version},
                        {"skill", outcome_.skill->name},
                        {"transport", request_.transport},
                        {"ms", static_cast<double>(outcome_.timings.total_ns) / 1e6},
                        {"error", outcome_.ok() ? std::string_view() : outcome_.result.error->name()}});
}

void Execution::tally() const noexcept {
  if (outcome_.cache.is_cached()) return;  // It did not run.
  const auto& catalogue = pinned_catalogue_ ? *pinned_catalogue_ : **lent_catalogue_;
  auto* tally = catalogue.tally_of(*skill_->tool);
  if (tally != nullptr) tally->count(loop_.index(), !outcome_.ok() && speaks_against_version(*outcome_.result.error));
}

void Execution::record() {
  // A call that was refused before it could run is counted in the metrics only: whoever is refused must not fill the
  // store.
  if (run_started_ns_ == 0) return;
  tally();
  outcome_.timings.total_ns = path_.deps_.clock.monotonic_ns() - started_ns_;
  if (services::log::enabled(services::log::Level::kDebug)) log_end();
  path_.deps_.usage.record(loop_, usage_record(request_, *principal_, outcome_, path_.deps_.clock));
}

}  // namespace toolrack::call
