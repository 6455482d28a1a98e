/// Waiting, on a thread that may, for what is called back from another one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace toolrack::app {

/// Calls back once, from another thread; waits for it here, but not for ever. False when it has not come.
template <typename Start>
bool wait_for(std::chrono::milliseconds patience, Start start) {
  struct State {
    std::mutex mutex;
    std::condition_variable condition;
    bool is_done = false;
  };
  auto state = std::make_shared<State>();
  start([state] {
    const std::lock_guard lock(state->mutex);
    state->is_done = true;
    state->condition.notify_all();
  });
  std::unique_lock lock(state->mutex);
  return state->condition.wait_for(lock, patience, [&] { return state->is_done; });
}

}  // namespace toolrack::app
