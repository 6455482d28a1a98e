/// What a legacy session's id cannot hold, because it came later: that the session was ended, its log level, the
/// resources it follows, the account that it called for first.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::mcp {

struct SessionState {
  using Uris = std::set<std::string, std::less<>>;
  bool is_ended = false;
  std::uint64_t account = 0;                ///< Digest, as in Session; 0: it is nobody's yet.
  std::optional<std::uint8_t> log_level{};  ///< As in kLogLevels.
  Uris uris{};                              ///< resources/subscribe.
  std::int64_t expires_unix_s = 0;
};

/// Most sessions need no state, and cost nothing here. What there is survives a restart: changes are seen at once, and
/// are on disk a moment later.
///
/// States take room by account, and all sessions that are nobody's share one: whoever fills a room pushes out what is
/// in it, ended sessions first, then those that have changed least lately, and nobody else's. A session whose state was
/// pushed out goes on with none. Threads: any; none waits for the store but `open`.
class SessionStates {
 public:
  /// Bytes, about as many as states take in memory.
  struct Room {
    std::size_t of_one = 32 << 20;   ///< Account; and of nobody.
    std::size_t of_all = 256 << 20;  ///< Accounts together: whose room is fullest makes place.
  };
  /// Of one session.
  static constexpr std::size_t kMostUris = 100;
  static constexpr std::size_t kMostUriBytes = 64 << 10;

  /// Reads what earlier processes kept; `store` and `clock` outlive it. Not on a loop.
  static base::Result<std::unique_ptr<SessionStates>> open(store::Store& store, const base::Clock& clock, Room room);
  static base::Result<std::unique_ptr<SessionStates>> open(store::Store& store, const base::Clock& clock) {
    return open(store, clock, Room{});
  }

  /// Spares everybody the lock while no session has any state.
  bool any() const noexcept { return has_any_.load(std::memory_order_acquire); }
  /// `session` is Sessions::key_of an id.
  std::optional<SessionState> find(std::string_view session) const;
  /// What a session's id says of it.
  struct Known {
    std::uint64_t account = 0;  ///< 0: it was opened without a key.
    std::int64_t expires_unix_s = 0;
  };
  /// `change` sees the state as it is, or a new one, and runs before anybody else sees or changes that.
  void change(std::string_view session, Known known, const std::function<void(SessionState&)>& change);
  /// The sessions that follow a resource.
  std::set<std::string, std::less<>> followers(std::string_view uri) const;

  /// A session that follows these no more, because it was ended, has expired or was pushed out.
  struct Left {
    std::string session;
    SessionState::Uris uris;
  };
  /// Those since it was asked last.
  std::vector<Left> take_left();

  /// A session has one stream for what nobody asked for. False: it is open already.
  bool open_stream(std::string_view session);
  void close_stream(std::string_view session);
  bool has_stream(std::string_view session) const;

  /// Forgets what has expired. Any thread.
  void sweep();

 private:
  struct Entry {
    SessionState state;
    std::uint64_t turn = 0;     ///< Grows with each change of any.
    std::size_t weight = 0;     ///< In the room.
    std::uint64_t account = 0;  ///< Whose room it is in.
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  /// The states of one account.
  struct Taken {
    std::size_t bytes = 0;
    std::map<std::pair<bool, std::uint64_t>, std::string_view> order;  ///< Ended ones first, then by turn.
  };

  SessionStates(store::Store& store, const base::Clock& clock, Room room) : store_(store), clock_(clock), room_(room) {}
  Entries::iterator add(std::string_view session) TR_REQUIRES(mutex_);
  /// Takes its place in the room of its account, as one that has changed now.
  void enter(const Entries::iterator& entry) TR_REQUIRES(mutex_);
  void leave(const Entries::iterator& entry) TR_REQUIRES(mutex_);
  void resize(std::uint64_t account, Taken& taken, std::size_t bytes) TR_REQUIRES(mutex_);
  /// Pushes out what is too much, but not `kept`.
  void make_room(const Entries::iterator& kept, store::Commit& commit) TR_REQUIRES(mutex_);
  bool push_out(Taken& taken, const Entries::iterator& kept, store::Commit& commit) TR_REQUIRES(mutex_);
  Entries::iterator forget(const Entries::iterator& entry, store::Commit& commit) TR_REQUIRES(mutex_);
  void note_left(std::string_view session, SessionState& state) TR_REQUIRES(mutex_);

  store::Store& store_;
  const base::Clock& clock_;
  const Room room_;
  std::atomic<bool> has_any_{false};
  mutable base::Mutex mutex_;
  Entries states_ TR_GUARDED_BY(mutex_);
  std::uint64_t last_turn_ TR_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Taken> taken_ TR_GUARDED_BY(mutex_);                     ///< By account.
  std::set<std::pair<std::size_t, std::uint64_t>> fullest_ TR_GUARDED_BY(mutex_);  ///< Accounts by their bytes, last.
  std::size_t bytes_ TR_GUARDED_BY(mutex_) = 0;                                    ///< Of all accounts.
  /// Sessions by what they follow: a tool may tell of a thousand resources at once.
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> followers_ TR_GUARDED_BY(mutex_);
  std::vector<Left> left_ TR_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> streams_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::mcp
