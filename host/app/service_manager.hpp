/// What the gateway tells whoever started it as a service: sd_notify(3). Without one, nothing happens.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

namespace toolrack::app {

/// Sends "READY=1" and the like to $NOTIFY_SOCKET; several are separated by line ends. Any thread. Best effort.
void tell_service_manager(std::string_view state) noexcept;

/// RELOADING=1 with the time that systemd wants beside it.
void tell_reloading() noexcept;

/// How often the service manager wants to hear that we live ($WATCHDOG_USEC, for this process); nothing: never.
std::optional<std::chrono::microseconds> watchdog_interval() noexcept;

/// Says that we live as long as `is_alive` says so, twice an interval, from a thread of its own. A gateway whose loops
/// hang says nothing, and is started anew.
class Heartbeat {
 public:
  Heartbeat(std::chrono::microseconds interval, std::function<bool(std::chrono::milliseconds patience)> is_alive);
  ~Heartbeat();  ///< Waits for an `is_alive` that is being asked.
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void run();

  const std::chrono::milliseconds pause_;
  const std::function<bool(std::chrono::milliseconds)> is_alive_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace toolrack::app
