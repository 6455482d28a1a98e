/// What a configuration means to the parts of a gateway. Pure functions.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "accounts/limits.hpp"
#include "app/config.hpp"
#include "base/result.hpp"
#include "services/http/egress.hpp"
#include "sources/native/native_source.hpp"
#include "transports/net/host_guard.hpp"

namespace toolrack::app {

/// Event loops: as many as there are cores, unless told.
unsigned loop_count(const Config& config);
/// Local gateways limit nobody unless told; hosted ones always do.
std::optional<accounts::LimitSettings> key_limits(const Config& config);
/// Which hosts may be named in requests to `endpoint`.
net::HostGuard guard_for(const Config& config, const Endpoint& endpoint);
/// The bundled tools first, then the operator's directories, each once.
std::vector<sources::native::PluginDirectory> plugin_directories(const Config& config,
                                                                 const std::filesystem::path& bundled);
/// How plugins run: where the file does not say, those that are dropped into a hosted gateway get processes of their
/// own.
sources::isolated::Settings isolation_of(const Config& config);
/// Whose plugins serve beside the bundled ones; hosted gateways ask for signatures unless told.
sources::native::Trust trust_of(const Config& config);
/// Where tools may connect to. Errors name the entry of the configuration.
base::Result<std::shared_ptr<const services::http::EgressPolicy>> egress_policy(const Config& config);

}  // namespace toolrack::app
