/// Stage 9: every call that reached a skill leaves a record, and every call is counted.
#include "call/execution.hpp"
#include "call/loop_state.hpp"
#include "call/nested_calls.hpp"
#include "call/usage_record.hpp"

namespace toolrack::call {

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

void Execution::record() {
  // A call that was refused before it could run is counted in the metrics only: whoever is refused must not fill the
  // store.
  if (run_started_ns_ == 0) return;
  outcome_.timings.total_ns = path_.deps_.clock.monotonic_ns() - started_ns_;
  path_.deps_.usage.record(loop_, usage_record(request_, *principal_, outcome_, path_.deps_.clock));
}

}  // namespace toolrack::call
