/// `mcp.server.session.duration`, and how many sessions were opened, ended and have expired.
///
/// A session is its id and has no memory here, and may go on at the process after this one. So that each is counted
/// once, it is counted by the process that has opened it: when its client ends it, when it expires, or when that
/// process stops, with as long as was seen of it. What another process has opened is not counted again.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// Which series a session counts in.
struct SessionKind {
  Revision revision = kNewestLegacy;
  bool is_pipe = false;  ///< Over stdio.
};

/// Threads: any. Times are seconds of the clock that sessions go by.
class SessionMetrics {
 public:
  /// `metrics` outlives it. Sessions expire when they are older than `lifetime_s`.
  SessionMetrics(base::Metrics& metrics, std::int64_t lifetime_s);

  void opened(const SessionKind& kind, std::int64_t opened_s);
  /// By its client. Whether it counts depends on who has opened it.
  void ended(const SessionKind& kind, std::int64_t opened_s, std::int64_t now_s);
  /// Now and then: counts those that have expired.
  void sweep(std::int64_t now_s);
  /// The process stops: counts all that are left.
  void stop(std::int64_t now_s);

 private:
  /// Of one second: how many of each kind are open. However many there are, a day has so many seconds.
  using Opened = std::array<std::uint32_t, 2 * (static_cast<std::size_t>(kNewestLegacy) + 1)>;
  static std::size_t place_of(const SessionKind& kind) noexcept;
  void count(std::size_t place, std::uint32_t sessions, std::int64_t lasted_s);

  base::Metrics& metrics_;
  const std::int64_t lifetime_s_;
  base::Counter& opened_;
  base::Counter& ended_;
  base::Counter& expired_;
  base::Mutex mutex_;
  std::map<std::int64_t, Opened> open_ TR_GUARDED_BY(mutex_);  ///< By when they were opened.
};

}  // namespace toolrack::mcp
