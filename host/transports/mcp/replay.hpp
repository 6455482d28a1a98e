/// Event streams of legacy sessions that a client can take up again where it lost them (2025-03-26 to 2025-11-25).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "transports/mcp/event_outlet.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// Names an event, and with it the stream that the client wants to go on with.
struct EventId {
  std::size_t loop = 0;      ///< Which one has the stream.
  std::uint64_t stream = 0;  ///< Its number there.
  std::uint64_t event = 0;

  /// `run` stands for this process, in characters without '-': numbers begin anew in each, so that what one before has
  /// counted must not be taken for ours.
  std::string text(std::string_view run) const;
  /// Nothing when it is none of this run's.
  static std::optional<EventId> parse(std::string_view text, std::string_view run);
};

class ReplayStreams;

/// The stream that answers one request. Belongs to the loop that the request came to; a client that takes it up again
/// may sit on another one.
class ReplayStream final : public std::enable_shared_from_this<ReplayStream> {
 public:
  ReplayStream(ReplayStreams& all, std::uint64_t number, std::string session, Revision revision);

  /// The request's own exchange takes the events from here on.
  void begin(net::Exchange& exchange);
  /// Numbered, kept, and sent to whoever listens.
  void send(std::string_view json);
  /// The answer: the last event.
  void finish(std::string_view json);
  /// Lets go of the client, which comes back: the server wants no connection held for so long. Without effect once
  /// clients are held.
  void let_go();

 private:
  friend class ReplayStreams;
  struct Event {
    std::uint64_t number;
    std::string text;
  };
  /// Where a client listens: an outlet, and the loop that it belongs to.
  struct Listener {
    base::Loop* loop = nullptr;
    std::shared_ptr<EventOutlet> outlet;
  };
  std::string id_of(std::uint64_t event) const;
  void attach(Listener listener, std::uint64_t seen);
  void pass_on(std::string text);
  void end_listener();

  ReplayStreams& all_;
  const std::uint64_t number_;
  const std::string session_;  ///< Sessions::key_of.
  const Revision revision_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
  Listener listener_;
  bool is_finished_ = false;
  std::int64_t finished_ns_ = 0;
};

/// Those of one loop, which alone uses them. A stream that has ended is forgotten after a minute, and sooner when there
/// is much; the one that has ended last stays in any case.
class ReplayStreams {
 public:
  static constexpr std::int64_t kKeptNs = 60'000'000'000;
  static constexpr std::size_t kMostBytes = 64 << 20;
  /// Of one stream that goes on; the newest event is kept in any case.
  static constexpr std::size_t kMostBytesOfOne = 1 << 20;

  /// Within this time whoever was let go of is back: after what it was told, and the way.
  static constexpr std::int64_t kBackWithinNs = 3'000'000'000;

  /// `run`: as EventId has it.
  ReplayStreams(base::Loop& loop, const base::Clock& clock, std::string run)
      : loop_(loop), clock_(clock), run_(std::move(run)) {}

  std::shared_ptr<ReplayStream> open(std::string session, Revision revision);
  /// On this loop: is there such a stream of that session?
  bool has(const EventId& id, std::string_view session) const;
  /// On this loop. The listener gets what came after `id` and what is still to come; false when there is no such stream
  /// of that session.
  bool resume(const EventId& id, std::string_view session, base::Loop& loop, std::shared_ptr<EventOutlet> outlet);
  /// Any thread: from now on nobody is let go of. Returns when somebody was for the last time (monotonic; 0: never).
  std::int64_t hold_clients() noexcept;

 private:
  friend class ReplayStream;
  void forget_old();

  base::Loop& loop_;
  const base::Clock& clock_;
  const std::string run_;
  std::uint64_t last_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<ReplayStream>> streams_;
  /// In the order of their ends, which is that of forgetting: streams that go on are not looked at for it.
  std::deque<std::shared_ptr<ReplayStream>> finished_;
  std::atomic<std::int64_t> last_let_go_ns_{0};
  std::atomic<bool> holds_clients_{false};
};

}  // namespace toolrack::mcp
