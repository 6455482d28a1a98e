/// What a legacy session's id cannot hold, because it came later: that the session was ended, its log level, the
/// resources it follows, the account that it called for first.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::mcp {

struct SessionState {
  bool is_ended = false;
  std::uint64_t account = 0;              ///< Digest, as in Session; 0: not bound by a call yet.
  std::optional<std::uint8_t> log_level;  ///< As in kLogLevels.
  std::set<std::string> uris;             ///< resources/subscribe.
  std::int64_t expires_unix_s = 0;
};

/// Most sessions need no state, and cost nothing here. What there is survives a restart: changes are seen at once, and
/// are on disk a moment later. Threads: any; none waits for the store but `open`.
class SessionStates {
 public:
  /// Strangers may open sessions: more states than these are not kept.
  static constexpr std::size_t kMostStates = 100'000;
  static constexpr std::size_t kMostUris = 100;

  /// Reads what earlier processes kept; `store` and `clock` outlive it. Not on a loop.
  static base::Result<std::unique_ptr<SessionStates>> open(store::Store& store, const base::Clock& clock);

  /// Spares everybody the lock while no session has any state.
  bool any() const noexcept { return has_any_.load(std::memory_order_acquire); }
  /// `session` is Sessions::key_of an id.
  std::optional<SessionState> find(std::string_view session) const;
  /// kUnavailable when too many are kept already.
  base::Result<void> change(std::string_view session, std::int64_t expires_unix_s,
                            const std::function<void(SessionState&)>& change);
  /// The sessions that follow a resource.
  std::set<std::string, std::less<>> followers(std::string_view uri) const;

  /// A session has one stream for what nobody asked for. False: it is open already.
  bool open_stream(std::string_view session);
  void close_stream(std::string_view session);

  /// Forgets what has expired. Any thread.
  void sweep();

 private:
  SessionStates(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  store::Store& store_;
  const base::Clock& clock_;
  std::atomic<bool> has_any_{false};
  mutable base::Mutex mutex_;
  std::map<std::string, SessionState, std::less<>> states_ TR_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> streams_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::mcp
