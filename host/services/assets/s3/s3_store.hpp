/// Assets as objects of a bucket: one object an asset, named by its id.
///
/// Small ones are put whole, others in parts of 5 MiB, of which one is in memory at a time; an object is there whole or
/// not at all. One rack has a prefix of a bucket to itself: the object `toolrack-rack` says which, and a second rack is
/// refused, because each drops at its start what its own records do not name. What is not named like an asset is never
/// touched.
///
/// Unlike a file, an object that is removed while somebody reads it cannot be read to its end.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "services/assets/asset_store.hpp"
#include "services/assets/s3/s3_client.hpp"

namespace toolrack::services::assets::s3 {

class S3Store final : public AssetStore {
 public:
  /// `rack` names this rack for ever. kInvalidConfig when the prefix is another rack's, kStoreFailed when the bucket
  /// cannot be used.
  static base::Result<std::unique_ptr<S3Store>> open_bucket(std::unique_ptr<S3Client> client, std::string_view rack);

  base::Result<std::unique_ptr<Writer>> write(std::string_view id, std::string_view media_type) override;
  base::Result<std::unique_ptr<Reader>> open(std::string_view id) override;
  base::Result<void> remove(std::string_view id) override;
  base::Result<std::size_t> recover(const std::function<base::Result<bool>(std::string_view id)>& is_known) override;
  std::optional<std::string> link(std::string_view id, const Shown& shown) const override;

 private:
  explicit S3Store(std::unique_ptr<S3Client> client) : client_(std::move(client)) {}
  const std::unique_ptr<S3Client> client_;
};

}  // namespace toolrack::services::assets::s3
