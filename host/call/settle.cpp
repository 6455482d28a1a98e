/// Stage 8: the price. A priced call's record is durable before the reply; a free one's is gathered (record.cpp).
///
/// Of a job it is written in the commit of the job's end: neither is there without the other, however often it is run.
///
/// The ledger of credits comes with billing; until then the record is the charge. A failed call costs nothing, unless
/// the provider says that it charged.
#include <algorithm>

#include "call/execution.hpp"
#include "call/usage_record.hpp"

namespace toolrack::call {

void Execution::settle() {
  if (request_.content != nullptr && link_large_content()) [[unlikely]]
    return;
  auto& result = outcome_.result;
  const bool charged = outcome_.ok() || result.billed.value_or(false);
  outcome_.raw_cost = charged ? result.raw_cost.value_or(outcome_.raw_cost) : base::Money();
  outcome_.cost = std::min(outcome_.raw_cost.percent(outcome_.markup_percent), worst_cost_);
  outcome_.billed = outcome_.cost > base::Money();
  if (!*outcome_.billed) {
    record();
    return reply();
  }
  settle_began_ns_ = path_.deps_.clock.monotonic_ns();
  outcome_.timings.total_ns = settle_began_ns_ - started_ns_;
  if (request_.job == JobUse::kIsOne) {
    path_.deps_.usage.add_to(outcome_.charge, usage_record(request_, *principal_, outcome_, path_.deps_.clock));
    return reply();
  }
  if (questions_ != nullptr) [[unlikely]]
    end_round();  // Before the charge reaches the store: what is charged is not run again.
  pin();
  state_ = State::kSettling;
  path_.deps_.usage.record_durably(
      loop_, usage_record(request_, *principal_, outcome_, path_.deps_.clock),
      [this, ticket = ticket_](base::Result<void> stored) {
        if (ticket != ticket_) return;
        outcome_.timings.settle_ns = path_.deps_.clock.monotonic_ns() - settle_began_ns_;
        if (!stored) {  // Nothing was charged: the work is lost rather than given away unrecorded.
          outcome_.result = {};
          outcome_.result.error = std::move(stored).error();
          cost_nothing();
        }
        reply();
      });
}

}  // namespace toolrack::call
