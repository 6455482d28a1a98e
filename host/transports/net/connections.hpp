/// The connections of one loop, and what they share: limits, deadlines, the date, counters.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "transports/net/limits.hpp"
#include "transports/net/reply_head.hpp"
#include "transports/net/timer_wheel.hpp"

namespace toolrack::net {

class Connection;
class Handler;

/// Who is at the other end.
struct Peer {
  std::string_view address;  ///< As Request::peer.
  std::uint16_t port = 0;    ///< 0 on a local socket.
};

/// Counters of a server; references into the registry. Any thread.
class HttpMetrics {
 public:
  explicit HttpMetrics(base::Metrics& metrics);
  void count_reply(int status) noexcept;
  void count_refusal(base::ErrorCode code) noexcept;
  base::Gauge& connections() noexcept { return connections_; }

 private:
  std::array<base::Counter*, 5> replies_{};  ///< 1xx .. 5xx.
  struct Refusal {
    base::ErrorCode code;
    base::Counter* counter;
  };
  std::array<Refusal, 7> refusals_{};
  base::Counter& other_refusals_;
  base::Gauge& connections_;
};

/// What all loops of a server share; outlives them.
struct ServerShare {
  ServerShare(base::Metrics& registry, Limits the_limits, const base::Clock& the_clock)
      : limits(the_limits), clock(the_clock), metrics(registry) {}
  const Limits limits;
  const base::Clock& clock;
  HttpMetrics metrics;
  std::atomic<std::size_t> open{0};
};

/// Owns the connections of a loop. Used by that loop; made before it serves and destroyed after it stopped, or after
/// `drain` has called back.
class Connections {
 public:
  Connections(base::Loop& loop, ServerShare& share);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Takes over a connected, non-blocking socket; `peer` is copied. Above the limit it is answered with 503.
  void add(int socket, bool is_local, const Peer& peer, Handler& handler);

  /// Closes idle connections after a moment, lets the others finish for `patience`, then cuts them off. `done` is
  /// called from the loop when none is left and no handler of this object is queued any more.
  void drain(std::chrono::nanoseconds patience, std::function<void()> done);

  base::Loop& loop;
  ServerShare& share;
  TimerWheel wheel;
  DateText date;
  bool is_draining = false;

 private:
  friend class Connection;
  struct Patience final : TimerWheel::Entry {
    explicit Patience(Connections& connections) : all(connections) {}
    ~Patience() = default;
    void on_deadline(std::int64_t now_ns) override;
    Connections& all;
  };
  void link(Connection& connection) noexcept;
  void unlink(Connection& connection) noexcept;
  /// Runs `action` on each connection that is there now; it may destroy any.
  template <typename Action>
  void for_each(Action action);
  void tell_when_empty();

  Connection* first_ = nullptr;
  Connection* cursor_ = nullptr;  ///< The next one of a running for_each.
  Patience patience_{*this};
  std::function<void()> done_;
};

}  // namespace toolrack::net
