/// Assets of accounts: who owns them, how much they may keep, and for how long.
///
/// The bytes lie in an AssetStore, the records in the store's collections `assets` (by id), `assets_by_account`,
/// `assets_by_expiry` and `assets_used` (a counter per account that falls below zero by what it keeps, so that the
/// commit that adds an asset is also the one that refuses it). Bytes are there before their record, and their record is
/// gone before them: a process may be killed anywhere, and `recover` drops what no record names.
///
/// Threads: every function from any thread; they wait for disks: never on a loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "services/assets/asset.hpp"
#include "services/assets/asset_store.hpp"
#include "services/assets/asset_writer.hpp"
#include "store/store.hpp"

namespace toolrack::services::assets {

struct AssetSettings {
  std::chrono::seconds lifetime{std::chrono::hours(24)};
  std::uint64_t asset_bytes = std::uint64_t{1} << 30;     ///< Of one asset, at most.
  std::uint64_t account_bytes = std::uint64_t{10} << 30;  ///< Of all assets of an account, at most.
};

class Assets {
 public:
  /// All outlive it.
  Assets(store::Store& records, AssetStore& bytes, const base::Clock& clock, AssetSettings settings = {});

  /// At start, before anything is made. Returns how many leftovers were dropped.
  base::Result<std::size_t> recover();

  struct New {
    std::string_view account, name, media_type;
    std::uint64_t max_bytes = 0;  ///< A tighter limit than the settings'; 0: none.
  };
  /// Begins an asset; it exists once the writer is closed.
  base::Result<std::unique_ptr<AssetWriter>> create(const New& what);

  /// kKeyNotFound, named asset_not_found, also for one of another account or one that has expired: nobody learns which.
  base::Result<Asset> find(std::string_view account, std::string_view id);
  /// Whoever owns it: for those who have a signed URL.
  base::Result<Asset> find_any(std::string_view id);
  base::Result<std::unique_ptr<AssetStore::Reader>> open(const Asset& asset);
  /// Where the bytes can be had without the gateway, for a moment; null: nowhere (AssetStore::link). `disposition` is
  /// the value of the Content-Disposition that the answer there has.
  std::optional<std::string> link(const Asset& asset, std::string_view disposition) const;

  /// At most `limit`, in the order of their ids, those after `after`.
  base::Result<std::vector<Asset>> list(std::string_view account, std::string_view after, std::size_t limit);
  base::Result<void> remove(std::string_view account, std::string_view id);
  /// Bytes that the account keeps.
  base::Result<std::uint64_t> used(std::string_view account);

  /// Removes what has expired; returns how many.
  base::Result<std::size_t> sweep();

 private:
  friend class AssetWriter;
  base::Result<void> commit(const Asset& asset);
  base::Result<bool> drop(const Asset& asset, std::uint64_t version);

  store::Store& records_;
  AssetStore& bytes_;
  const base::Clock& clock_;
  const AssetSettings settings_;
};

}  // namespace toolrack::services::assets
