/// What the call path keeps for one loop. Internal to call/; used by that loop's thread only.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "call/execution.hpp"
#include "call/tool_metrics.hpp"

namespace toolrack::call {

struct CallPath::LoopState {
  LoopState(CallPath& owner, base::Loop& home);

  /// A fresh execution with a ticket of its own; made when none is free, kept for the life of the path.
  Execution& take();
  void give_back(Execution& execution);
  /// The ticket that the execution had so far is stale.
  void renew_ticket(Execution& execution);
  /// The running execution of a ticket, or null when it has ended.
  Execution* find(std::uint64_t ticket) noexcept;

  CallPath& path;
  base::Loop& loop;
  registry::PublishedCatalogue::Reader catalogue;
  std::vector<std::unique_ptr<Execution>> executions;
  std::vector<Execution*> free;
  base::json::Scratch output;  ///< Of the output that is being checked.
  std::uint32_t generation = 0;
  std::atomic<std::uint64_t> running{0};  ///< Written by the loop, read by anybody.

  // Metrics, looked up once.
  base::Counter& succeeded;
  base::Counter& suspended;
  std::array<base::Counter*, 7> failed;  ///< By base::ErrorType.
  base::Histogram& duration;
  ToolMetrics tools;
  base::Counter& let_in;  ///< By a key's windows and places.
  base::Counter& limited;
};

}  // namespace toolrack::call
