/// What a skill that runs has called, and what that means for its own call: registry::Caller.
#include <memory>

#include "call/execution.hpp"
#include "call/nested_calls.hpp"

namespace toolrack::call {

std::uint64_t Execution::call_tool(const registry::NestedRequest& request, registry::NestedSink& sink) {
  if (state_ != State::kRunning || completed_) {
    sink.done({.error = base::Error(base::ErrorCode::kCancelled, "the call that calls is ending"),
               .output_json = {},
               .rest_json = {}});
    return 0;
  }
  if (nested_ == nullptr) nested_ = std::make_unique<NestedCalls>(*this);
  return nested_->start(request, sink);
}

void Execution::cancel_tool(std::uint64_t ticket) {
  if (nested_ != nullptr) nested_->cancel(ticket);
}

base::Result<std::string> Execution::list_tools(std::string_view pattern, std::string_view cursor) {
  return NestedCalls(*this).list(pattern, cursor);
}

/// Once the handler has completed, nobody waits for what it has called: it is told to end, so that what the reply says
/// of costs is the whole of it.
bool Execution::is_alone() {
  if (nested_ == nullptr) [[likely]]
    return true;
  nested_->cancel_all();
  return !nested_->has_running();
}

void Execution::nested_call_ended() {
  if (nested_->has_running()) return;
  if (state_ == State::kGathering) return conclude();
  if (state_ == State::kStopping && is_overdue_) abandon();
}

void Execution::describe_nesting() {
  const auto& above = request_.nesting->above;
  invocation_.depth = above.depth();
  // Who holds a place waits for none, so no circle of calls waits for itself. A tool that calls nobody ends in any
  // case.
  invocation_.may_wait_for_place = skill_->tool->granted_tools.empty() || !above.holds_place();
}

}  // namespace toolrack::call
