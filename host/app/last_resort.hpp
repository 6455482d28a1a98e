/// The end of a process that does not end by itself: a plugin that never returns keeps its library, and with it the
/// gateway, from being taken down.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace toolrack::app {

/// While it lives, a second SIGTERM or SIGINT (unless it heeds the time alone), or `patience`, ends the process at once
/// with cli::kFailure. Made when stopping begins, after Signals: the signals are blocked in every thread, and this one
/// waits for them.
class LastResort {
 public:
  enum class Heeds : std::uint8_t { kTimeAndSignals, kTime };
  explicit LastResort(std::chrono::milliseconds patience, Heeds heeds = Heeds::kTimeAndSignals);
  ~LastResort();  ///< Stopping is over: the process ends as it should.
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;

 private:
  void run(std::chrono::milliseconds patience, Heeds heeds) const;
  const int over_;  ///< An eventfd; -1 when there is none, and then nothing is ended.
  std::thread thread_;
};

}  // namespace toolrack::app
