/// Time as an interface, so that tests can move it. Durations come from monotonic time only; it never runs backwards.
#pragma once

#include <chrono>
#include <cstdint>

namespace toolrack::base {

using Nanoseconds = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Nanoseconds since 1970-01-01 UTC; may jump when the machine's clock is set.
  virtual std::int64_t unix_ns() const noexcept = 0;
  /// Nanoseconds since some fixed moment of this process's machine.
  virtual std::int64_t monotonic_ns() const noexcept = 0;
};

/// The machine's clocks. Lives for ever, any thread.
const Clock& system_clock() noexcept;

/// "2026-11-21T10:15:30.123Z" of nanoseconds since 1970, UTC, milliseconds.
struct Rfc3339 {
  char text[25];
};
Rfc3339 to_rfc3339(std::int64_t unix_ns) noexcept;

}  // namespace toolrack::base
