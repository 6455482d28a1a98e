#include "call/call_path.hpp"

#include <boost/asio/post.hpp>

#include <array>

#include "call/execution.hpp"
#include "call/loop_state.hpp"

namespace toolrack::call {

CallPath::CallPath(Dependencies dependencies) : deps_(dependencies) {
  for (std::size_t i = 0; i < deps_.loops.size(); ++i)
    loops_.push_back(std::make_unique<LoopState>(*this, deps_.loops[i]));
}

CallPath::~CallPath() = default;

std::uint64_t CallPath::start(base::Loop& loop, const CallRequest& request, CallSink& sink) {
  auto& state = *loops_[loop.index()];
  auto& execution = state.take();
  const auto ticket = execution.ticket();
  const auto* tools = (*request.principal)->tools.get();
  if (tools == nullptr) [[likely]]
    return execution.start(request, sink, state.catalogue.get()) ? 0 : ticket;
  // What is not in the key's set is not there for it. A copy, because the next call may push the set out of the reader.
  const auto catalogue = state.catalogue.get(tools);
  return execution.start(request, sink, catalogue) ? 0 : ticket;
}

void CallPath::cancel(base::Loop& loop, std::uint64_t ticket) {
  if (auto* execution = loops_[loop.index()]->find(ticket)) execution->cancel();
}

void CallPath::look_again() {
  for (const auto& state : loops_)
    boost::asio::post(state->loop.context(), [&reader = state->catalogue] { reader.get(); });
}

std::uint64_t CallPath::running() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& loop : loops_) sum += loop->running.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace toolrack::call
