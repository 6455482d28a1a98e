/// Runs something when a thing has not ended in time.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/loop.hpp"

namespace toolrack::sources::native {

/// Threads: any, one at a time. Ends with its owner; leaves nothing behind on the loop once it is cleared, so that a
/// plugin that comes and goes a thousand times does not leave a thousand timers.
class Watchdog {
 public:
  Watchdog() = default;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() { clear(); }

  /// Calls `expired` on the loop after `patience`, unless cleared before. It may already be on its way then, so it asks
  /// whether it still matters.
  void set(base::Loop& loop, std::chrono::milliseconds patience, std::function<void()> expired) {
    clear();
    loop_ = &loop;
    timer_ = std::make_shared<boost::asio::steady_timer>(loop.context(), patience);
    boost::asio::post(loop.context(), [timer = timer_, expired = std::move(expired)]() mutable {
      timer->async_wait([timer, expired = std::move(expired)](const boost::system::error_code& error) {
        if (!error) expired();
      });
    });
  }
  void clear() {
    if (timer_ == nullptr) return;
    boost::asio::post(loop_->context(), [timer = std::move(timer_)] { timer->cancel(); });
    timer_ = nullptr;
  }

 private:
  base::Loop* loop_ = nullptr;
  std::shared_ptr<boost::asio::steady_timer> timer_;  // Used on the loop only.
};

}  // namespace toolrack::sources::native
