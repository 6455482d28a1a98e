/// What webhooks are signed with, an account's own: made when it is first needed, shown to the account only.
///
/// Collection `webhook_secrets`, by account. The signature is the one of Standard Webhooks: HMAC-SHA256 of
/// "<id>.<seconds>.<body>" in base64, after "v1,". Threads: all functions from any thread; they wait for the store, so
/// not on a loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

struct WebhookSecret {
  std::string current, previous;       ///< 32 bytes, raw; `previous` may be empty.
  std::int64_t made_ns = 0;            ///< Unix; of `current`.
  std::int64_t previous_until_ns = 0;  ///< Until then both sign.

  /// As its owner pastes it into a verifier: "whsec_" and base64.
  std::string text() const;
  /// The header's value: a signature, or two with a blank between while both secrets hold.
  std::string sign(std::string_view id, std::int64_t now_unix_ns, std::string_view body) const;
};

/// For how long after a change the secret before goes on signing beside the new one.
inline constexpr std::chrono::hours kSecretOverlap{24};

class WebhookSecrets {
 public:
  /// Both outlive it.
  WebhookSecrets(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  /// Makes it when there is none.
  base::Result<WebhookSecret> get(std::string_view account);
  base::Result<WebhookSecret> rotate(std::string_view account);

 private:
  store::Store& store_;
  const base::Clock& clock_;
};

}  // namespace toolrack::call::jobs
