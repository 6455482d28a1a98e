#include "services/assets/asset_links.hpp"

namespace toolrack::services::assets {

void AssetLinks::set_base_url(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  base::Lock lock(mutex_);
  base_url_ = url;
}

std::string AssetLinks::link(const Asset& asset) const {
  auto target = signer_.sign(asset.id, asset.expires_ns);
  base::Lock lock(mutex_);
  return base_url_ + target;
}

}  // namespace toolrack::services::assets
