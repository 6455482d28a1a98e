/// Assets as files under a directory.
///
/// A file is written under `incoming/`, synced, and renamed to `data/<two digits>/<id>`, whose directory is synced too:
/// it is there whole or not at all. What a killed process left under `incoming/`, and files whose record was never
/// committed, are dropped by `recover`.
#pragma once

#include <filesystem>
#include <memory>

#include "services/assets/asset_store.hpp"

namespace toolrack::services::assets {

class DirectoryStore final : public AssetStore {
 public:
  /// Makes the directory (0700) when it is missing; kStoreFailed when that is refused.
  static base::Result<std::unique_ptr<DirectoryStore>> open_directory(const std::filesystem::path& path);

  base::Result<std::unique_ptr<Writer>> write(std::string_view id, std::string_view media_type) override;
  base::Result<std::unique_ptr<Reader>> open(std::string_view id) override;
  base::Result<void> remove(std::string_view id) override;
  base::Result<std::size_t> recover(const std::function<base::Result<bool>(std::string_view id)>& is_known) override;

 private:
  explicit DirectoryStore(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path file_of(std::string_view id) const;
  std::filesystem::path incoming() const { return path_ / "incoming"; }

  const std::filesystem::path path_;
};

}  // namespace toolrack::services::assets
