#include "sources/declarative/declarative_tool.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <utility>

#include "sources/declarative/declarative_call.hpp"

namespace toolrack::sources::declarative {

using base::ErrorCode;

namespace {

constexpr int kLoopShift = 48;

}  // namespace

DeclarativeTool::DeclarativeTool(Services services, std::shared_ptr<const registry::Tool> tool, Programs programs,
                                 native::PluginFile row)
    : services_(std::move(services)),
      targets_(*tool),
      programs_(std::move(programs)),
      row_(std::move(row)),
      of_loop_(services_.loops->size()),
      path_(row_.path),
      tool_(std::move(tool)) {}

DeclarativeTool::~DeclarativeTool() = default;

std::uint64_t DeclarativeTool::invoke(const registry::Invocation& invocation, registry::Completion& completion) {
  std::shared_ptr<const registry::Tool> tool;
  {
    base::Lock lock(mutex_);
    if (!is_draining_) {
      ++running_;
      tool = tool_;
    }
  }
  if (tool == nullptr) {
    registry::Outcome outcome;
    outcome.error.emplace(ErrorCode::kUnavailable, fmt::format("{} is being replaced or removed", row_.tool));
    outcome.untouched = true;
    completion.complete(std::move(outcome));
    return 0;
  }
  calls_.fetch_add(1, std::memory_order_relaxed);
  auto& here = of_loop_[invocation.loop->index()];
  const auto ticket = (std::uint64_t{invocation.loop->index()} << kLoopShift) | ++here.last_ticket;
  auto call = std::make_shared<DeclarativeCall>(shared_from_this(), std::move(tool),
                                                *programs_[invocation.skill->index], invocation, completion, ticket);
  here.calls.emplace(ticket, call);
  call->start();
  return here.calls.contains(ticket) ? ticket : 0;
}

void DeclarativeTool::cancel(std::uint64_t ticket) {
  auto& calls = of_loop_[ticket >> kLoopShift].calls;
  if (const auto found = calls.find(ticket); found != calls.end()) {
    const auto call = found->second;  // Its end takes it out of the table.
    call->cancel();
  }
}

void DeclarativeTool::leave(base::Loop& loop, std::uint64_t ticket) {
  of_loop_[loop.index()].calls.erase(ticket);
  {
    base::Lock lock(mutex_);
    --running_;
  }
  close_if_quiet();
}

std::shared_ptr<const registry::Tool> DeclarativeTool::tool() const {
  base::Lock lock(mutex_);
  return tool_;
}

void DeclarativeTool::set_path(std::string path) {
  base::Lock lock(mutex_);
  path_ = std::move(path);
}

native::PluginFile DeclarativeTool::report() const {
  auto out = row_;
  out.calls = calls_.load(std::memory_order_relaxed);
  base::Lock lock(mutex_);
  out.path = path_;
  out.state = tool_ == nullptr ? native::PluginState::kClosed
              : is_draining_   ? native::PluginState::kDraining
                               : native::PluginState::kServing;
  return out;
}

void DeclarativeTool::drain(std::chrono::milliseconds patience, std::function<void()> closed) {
  {
    base::Lock lock(mutex_);
    if (closed) when_closed_.push_back(std::move(closed));
    if (!std::exchange(is_draining_, true) && running_ != 0)
      watchdog_.set(services_.loops->next(), patience, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->cancel_all_calls();
      });
  }
  close_if_quiet();
}

void DeclarativeTool::cancel_all_calls() {
  for (std::size_t i = 0; i < of_loop_.size(); ++i) {
    auto& loop = (*services_.loops)[i];
    boost::asio::post(loop.context(), [self = shared_from_this(), &calls = of_loop_[i].calls] {
      const auto running = calls;  // Their ends take them out of the table.
      for (const auto& [ticket, call] : running) call->cancel();
    });
  }
}

void DeclarativeTool::close_if_quiet() {
  std::shared_ptr<const registry::Tool> tool;  // Its skills hold this; destroyed after the lock.
  std::vector<std::function<void()>> told;
  const auto self = shared_from_this();
  {
    base::Lock lock(mutex_);
    if (!is_draining_ || running_ != 0) return;
    watchdog_.clear();
    tool.swap(tool_);
    told.swap(when_closed_);
  }
  for (const auto& tell : told) tell();
}

}  // namespace toolrack::sources::declarative
