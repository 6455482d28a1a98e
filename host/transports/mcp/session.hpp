/// Legacy sessions without memory: the id is the session, sealed, so that restarts and second hosts accept it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/seal.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/session_states.hpp"

namespace toolrack::mcp {

struct Session {
  Revision revision = kNewestLegacy;
  std::uint32_t can_ask = 0;  ///< What the client said at `initialize` that it can be asked (registry/questions.hpp).
  std::uint64_t account = 0;  ///< Digest of the account it was opened for; 0: opened without a key.
  std::int64_t expires_unix_s = 0;
};

/// A session id is no authentication: it says what was agreed, a key says who calls.
///
/// Threads: any. What comes later than the id is kept in SessionStates: that it was ended, and whose it became.
class Sessions {
 public:
  using Key = base::Seal::Key;
  static constexpr std::int64_t kLifetimeSeconds = 24 * 3600;

  /// `key` seals the ids; the same key after a restart means the same sessions.
  Sessions(const Key& key, const base::Clock& clock, SessionStates& states)
      : key_(key), seal_(key, "toolrack mcp session 2"), clock_(clock), states_(states) {}

  /// Seals whatever else clients carry back.
  const Key& key() const noexcept { return key_; }
  /// A new id, visible ASCII, with 192 random bits.
  std::string open(Revision revision, std::string_view account, std::uint32_t can_ask = 0);
  /// Nothing for an id that is not ours, has expired, was ended, or belongs to another account. A session that was
  /// opened without a key belongs to the account of the first key that comes with it.
  std::optional<Session> find(std::string_view id, std::string_view account);
  static std::int64_t opened_unix_s(const Session& session) noexcept {
    return session.expires_unix_s - kLifetimeSeconds;
  }
  /// By the clock that they expire by.
  std::int64_t now_unix_s() const noexcept { return clock_.unix_ns() / 1'000'000'000; }
  /// False when there is no such session.
  bool end(std::string_view id, std::string_view account);
  /// For SessionStates.
  static SessionStates::Known known(const Session& session) noexcept {
    return {.account = session.account, .expires_unix_s = session.expires_unix_s};
  }

  /// The name of a session among SessionStates: cannot be turned into an id.
  static std::string_view key_of(std::string_view id) noexcept { return id.substr(0, kNonceCharacters); }

 private:
  std::optional<Session> unseal(std::string_view id) const;

  static constexpr std::size_t kNonceCharacters = 32;  ///< An id begins with 24 random bytes in base64.

  const Key key_;
  const base::Seal seal_;
  const base::Clock& clock_;
  SessionStates& states_;
};

}  // namespace toolrack::mcp
