#include "services/assets/asset_writer.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <new>
#include <utility>

#include "base/encoding.hpp"
#include "services/assets/assets.hpp"

namespace toolrack::services::assets {

void AssetWriter::FreeDigest::operator()(evp_md_ctx_st* digest) const noexcept { EVP_MD_CTX_free(digest); }

AssetWriter::AssetWriter(Assets& assets, Asset asset, std::unique_ptr<AssetStore::Writer> bytes, std::uint64_t limit,
                         std::uint64_t free_bytes)
    : assets_(assets),
      asset_(std::move(asset)),
      bytes_(std::move(bytes)),
      digest_(EVP_MD_CTX_new()),
      limit_(limit),
      free_bytes_(free_bytes) {
  if (digest_ == nullptr || EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}

base::Result<void> AssetWriter::append(std::string_view bytes) {
  if (bytes_ == nullptr) return base::fail(base::ErrorCode::kConflict, "the asset is closed already");
  const auto refuse = [&](base::Error error) -> base::Result<void> {
    bytes_.reset();
    return tl::unexpected(std::move(error));
  };
  asset_.bytes += bytes.size();
  if (asset_.bytes > limit_)
    return refuse({base::ErrorCode::kBodyTooLarge, fmt::format("the asset has more than {} bytes", limit_),
                   fmt::format("Send at most {} bytes.", limit_)});
  if (asset_.bytes > free_bytes_)
    return refuse(base::Error(base::ErrorCode::kBodyTooLarge,
                              fmt::format("the account may keep {} more bytes of assets", free_bytes_),
                              "Delete assets that are not needed any more, or wait until some expire.")
                      .with_name("asset_quota_exceeded"));
  if (EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size()) != 1)
    return refuse({base::ErrorCode::kInternal, "the digest of the asset cannot be computed"});
  if (auto added = bytes_->append(bytes); !added) return refuse(std::move(added).error());
  return {};
}

base::Result<Asset> AssetWriter::close() {
  const auto bytes = std::exchange(bytes_, nullptr);
  if (bytes == nullptr) return base::fail(base::ErrorCode::kConflict, "the asset is closed already, or has failed");
  base::Sha256 digest{};
  if (EVP_DigestFinal_ex(digest_.get(), digest.data(), nullptr) != 1)
    return base::fail(base::ErrorCode::kInternal, "the digest of the asset cannot be computed");
  asset_.sha256 = base::to_hex(base::as_bytes(digest));
  TRY(bytes->commit());
  TRY(assets_.commit(asset_));
  return asset_;
}

}  // namespace toolrack::services::assets
