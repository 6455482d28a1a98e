#include "call/loop_state.hpp"

namespace toolrack::call {
namespace {

/// A ticket is the execution's place + 1 in the low half and the generation of its use in the high half.
constexpr unsigned kPlaceBits = 32;

base::Counter& calls_total(base::Metrics& metrics, std::string_view outcome) {
  return metrics.counter("toolrack_calls_total", "Calls by how they ended.", {{"outcome", std::string(outcome)}});
}

base::Counter& rate_limit_decisions(base::Metrics& metrics, std::string_view decision) {
  return metrics.counter("toolrack_rate_limit_decisions_total", "Calls that the limits of a key let in, and refused.",
                         {{"decision", std::string(decision)}});
}

}  // namespace

CallPath::LoopState::LoopState(CallPath& owner, base::Loop& home)
    : path(owner),
      loop(home),
      catalogue(owner.deps_.catalogue),
      succeeded(calls_total(owner.deps_.metrics, "ok")),
      suspended(calls_total(owner.deps_.metrics, "suspended")),
      duration(owner.deps_.metrics.histogram("toolrack_call_duration_seconds", "From arrival to answer.")),
      tools(owner.deps_.metrics),
      let_in(rate_limit_decisions(owner.deps_.metrics, "allowed")),
      limited(rate_limit_decisions(owner.deps_.metrics, "refused")) {
  for (std::size_t type = 0; type < failed.size(); ++type)
    failed[type] = &calls_total(owner.deps_.metrics, to_string(static_cast<base::ErrorType>(type)));
}

Execution& CallPath::LoopState::take() {
  if (free.empty()) {
    executions.push_back(std::make_unique<Execution>(path, loop));
    executions.back()->place_ = executions.size();
    free.push_back(executions.back().get());
  }
  auto& execution = *free.back();
  free.pop_back();
  renew_ticket(execution);
  running.store(running.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return execution;
}

void CallPath::LoopState::renew_ticket(Execution& execution) {
  execution.ticket_ = (std::uint64_t{++generation} << kPlaceBits) | execution.place_;
}

void CallPath::LoopState::give_back(Execution& execution) {
  execution.ticket_ = 0;
  free.push_back(&execution);
  running.store(running.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

Execution* CallPath::LoopState::find(std::uint64_t ticket) noexcept {
  const auto place = static_cast<std::uint32_t>(ticket);
  if (place == 0 || place > executions.size()) return nullptr;
  auto* execution = executions[place - 1].get();
  return execution->ticket() == ticket ? execution : nullptr;
}

}  // namespace toolrack::call
