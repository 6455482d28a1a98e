/// An asset that is being made: measured and digested as its bytes come.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "services/assets/asset.hpp"
#include "services/assets/asset_store.hpp"

struct evp_md_ctx_st;

namespace toolrack::services::assets {

class Assets;

/// Owner: whoever asked `Assets::create`; destroyed without `close`, it leaves nothing. Used by one thread at a time,
/// never on a loop.
class AssetWriter {
 public:
  /// kBodyTooLarge when the asset, or what its account keeps, would become larger than allowed; nothing can be added
  /// after a failure.
  base::Result<void> append(std::string_view bytes);
  /// The asset is there and recorded, durably. At most once.
  base::Result<Asset> close();
  std::uint64_t bytes() const noexcept { return asset_.bytes; }

 private:
  friend class Assets;
  AssetWriter(Assets& assets, Asset asset, std::unique_ptr<AssetStore::Writer> bytes, std::uint64_t limit,
              std::uint64_t free_bytes);

  struct FreeDigest {
    void operator()(evp_md_ctx_st* digest) const noexcept;
  };

  Assets& assets_;
  Asset asset_;
  std::unique_ptr<AssetStore::Writer> bytes_;
  std::unique_ptr<evp_md_ctx_st, FreeDigest> digest_;
  const std::uint64_t limit_;       // Of this asset.
  const std::uint64_t free_bytes_;  // Of the account, when the writing began; the commit decides.
};

}  // namespace toolrack::services::assets
