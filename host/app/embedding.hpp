/// The endpoint that turns texts into vectors, as the configuration names it.
#pragma once

#include <memory>
#include <vector>

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/loop.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "services/http/client.hpp"
#include "services/knowledge/http_embedder.hpp"
#include "services/providers/provider_states.hpp"

namespace toolrack::app {

/// Null when none is configured. kInvalidConfig when its credential is not there. All outlive it.
base::Result<std::unique_ptr<services::knowledge::HttpEmbedder>> open_embedder(
    const Config& config, const services::credentials::PlatformCredentials* credentials, base::Loops& loops,
    const std::vector<std::unique_ptr<services::http::Client>>& clients, services::providers::ProviderStates& providers,
    const base::Clock& clock);

}  // namespace toolrack::app
