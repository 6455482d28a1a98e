/// What a request to a provider is sent with, whoever asks: code of a plugin or a `request` block.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "registry/handler.hpp"
#include "registry/tool.hpp"
#include "services/credentials/signing.hpp"
#include "services/upstream/places.hpp"
#include "sources/http_targets.hpp"

namespace toolrack::sources {

/// A tool as its requests see it at one moment. Borrows all of it.
struct ToolTargets {
  const registry::Tool& tool;
  const HttpTargets& urls;
  const BaseUrls& moved;  ///< What the operator says now.
};

/// Borrows from the tool, the backend and `moved`. All empty: nobody's provider.
struct ProviderTarget {
  std::string_view provider, base_url;
  std::string_view credential;  ///< Name in the manifest; empty: none.
  std::chrono::milliseconds timeout{30'000};
  std::uint32_t concurrency = 16;
};

/// The provider of that slug; empty: the call's backend, which may be null. kInvalidRequest when the manifest has no
/// such provider.
base::Result<ProviderTarget> find_provider_target(const ToolTargets& tool, std::string_view slug,
                                                  const registry::Backend* backend);

/// The credential of that name, for a request to `url`; empty when the name is empty or "-". It goes to the origins of
/// the providers that name it and nowhere else: kInvalidRequest for other URLs and unknown names, kAuthRequired
/// ("credential_missing") when it is not set. Null: the rack has none, the caller sent none.
base::Result<std::optional<services::credentials::Signing>> find_signing(
    const ToolTargets& tool, const ProviderTarget& target, std::string_view credential, const std::string& url,
    const services::credentials::PlatformCredentials* ours, const registry::ProviderKeys* callers);

/// Where a request to `url` waits for its turn; null: nowhere, because it does not go to the target.
services::upstream::PlacesRef find_places(services::upstream::Places* places, const ProviderTarget& target,
                                          const std::string& url);

}  // namespace toolrack::sources
