/// Where the bytes of assets lie: in the data directory, or in the bucket that the configuration names.
#pragma once

#include <filesystem>
#include <memory>

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "services/assets/asset_store.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "store/store.hpp"

namespace toolrack::app {

/// `directory` is the data directory. With a bucket: its key is the credential `assets-s3`, and `store` remembers by
/// which name this rack goes there. Everything outlives what is returned. May wait for the network.
base::Result<std::unique_ptr<services::assets::AssetStore>> open_asset_bytes(
    const Config& config, const std::filesystem::path& directory, store::Store& store, const base::Clock& clock,
    base::Metrics& metrics, const services::credentials::PlatformCredentials* credentials);

/// Can the bucket be listed with this command's key? Changes nothing. For a configuration that names one.
base::Result<void> check_bucket(const Config& config, const services::credentials::PlatformCredentials& credentials);

}  // namespace toolrack::app
