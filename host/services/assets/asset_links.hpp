/// URLs that are given to callers: signed, and absolute once the gateway knows where it is reached.
#pragma once

#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "services/assets/asset.hpp"
#include "services/assets/url_signer.hpp"

namespace toolrack::services::assets {

/// Threads: any.
class AssetLinks {
 public:
  /// The signer outlives it.
  explicit AssetLinks(const UrlSigner& signer) : signer_(signer) {}

  /// "https://tools.example.com"; empty: links begin with a slash.
  void set_base_url(std::string_view url);
  std::string link(const Asset& asset) const;

 private:
  const UrlSigner& signer_;
  mutable base::Mutex mutex_;
  std::string base_url_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::services::assets
