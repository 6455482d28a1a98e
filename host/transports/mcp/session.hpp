/// Legacy sessions without memory: the id is the session, sealed, so that restarts and second hosts accept it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/sealed_text.hpp"

namespace toolrack::mcp {

struct Session {
  Revision revision = kNewestLegacy;
  std::uint64_t account = 0;  ///< Digest of the account it was opened for; 0: opened without a key.
  std::int64_t expires_unix_s = 0;
};

/// A session id is no authentication: it says what was agreed, a key says who calls.
///
/// Threads: any. Ids that were ended are remembered until they would have expired; that memory is this process's.
class Sessions {
 public:
  using Key = SealingKey;
  static constexpr std::int64_t kLifetimeSeconds = 24 * 3600;

  /// `key` seals the ids; the same key after a restart means the same sessions.
  Sessions(const Key& key, const base::Clock& clock) : key_(key), clock_(clock) {}

  /// Seals whatever else clients carry back.
  const Key& key() const noexcept { return key_; }
  /// A new id, visible ASCII, with 192 random bits.
  std::string open(Revision revision, std::string_view account);
  /// Nothing for an id that is not ours, has expired, was ended, or belongs to another account.
  std::optional<Session> find(std::string_view id, std::string_view account) const;
  /// False when there is no such session.
  bool end(std::string_view id, std::string_view account);

 private:
  std::optional<Session> unseal(std::string_view id) const;

  const Key key_;
  const base::Clock& clock_;
  std::atomic<bool> any_ended_{false};  ///< Spares the lock while nobody has ended a session.
  mutable base::Mutex mutex_;
  std::map<std::string, std::int64_t, std::less<>> ended_ TR_GUARDED_BY(mutex_);  ///< Id → expiry.
};

}  // namespace toolrack::mcp
