/// A clock that a test moves. Threads: any.
#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace toolrack::testing {

class FakeClock final : public base::Clock {
 public:
  /// 2026-11-21T00:00:00Z, and a machine that has been up for a day.
  static constexpr std::int64_t kStartUnixNs = 1'795'219'200'000'000'000;
  static constexpr std::int64_t kStartMonotonicNs = 86'400'000'000'000;

  std::int64_t unix_ns() const noexcept override { return unix_ns_.load(); }
  std::int64_t monotonic_ns() const noexcept override { return monotonic_ns_.load(); }

  /// Time passes.
  void advance(base::Nanoseconds by) noexcept {
    unix_ns_ += by.count();
    monotonic_ns_ += by.count();
  }
  /// Somebody sets the machine's clock; monotonic time does not notice.
  void set_unix_ns(std::int64_t unix_ns) noexcept { unix_ns_ = unix_ns; }

 private:
  std::atomic<std::int64_t> unix_ns_{kStartUnixNs};
  std::atomic<std::int64_t> monotonic_ns_{kStartMonotonicNs};
};

}  // namespace toolrack::testing
