/// URLs that let whoever has one read one asset for a while.
///
/// `/v1/assets/<id>?expires=<unix seconds>&key=<key id>&signature=<HMAC-SHA256, base64url>`. A URL is checked by making
/// it again and comparing every byte, so that no second spelling of a valid one is valid. Two keys are valid at a time:
/// the newer one signs, the older one still serves the URLs it signed. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "store/store.hpp"

namespace toolrack::services::assets {

class UrlSigner {
 public:
  static constexpr std::chrono::seconds kLifetime{std::chrono::hours(1)};
  /// Longer than twice a URL's life, so that the older key has nothing left to serve when it goes.
  static constexpr std::chrono::seconds kKeyLifetime{std::chrono::hours(24)};

  /// Reads the keys from the store, or makes the first one. Waits for the store.
  static base::Result<std::unique_ptr<UrlSigner>> open(store::Store& store, const base::Clock& clock);

  /// Path and query; valid for kLifetime, or until `expires_ns` when that comes first.
  std::string sign(std::string_view asset_id, std::int64_t expires_ns) const;
  /// The id of the asset that a request target may read now; nothing unless it is exactly what `sign` once returned.
  std::optional<std::string> verify(std::string_view target) const;
  /// A new key signs from now on and the oldest one is forgotten. Waits for the store.
  base::Result<void> rotate();
  /// `rotate` when the newest key is older than kKeyLifetime.
  base::Result<void> rotate_when_due();

 private:
  struct Key {
    std::string id;
    std::string secret;
    std::int64_t made_ns = 0;
  };
  UrlSigner(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}
  static std::string make_target(const Key& key, std::string_view asset_id, std::int64_t expires);
  base::Result<void> load();
  std::vector<Key> keys() const;

  store::Store& store_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::vector<Key> keys_ TR_GUARDED_BY(mutex_);  // Newest first, two at most.
};

}  // namespace toolrack::services::assets
