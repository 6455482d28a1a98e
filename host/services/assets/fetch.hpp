/// Puts what a URL answers with into an asset, without holding it.
#pragma once

#include <cstddef>
#include <string>

#include "base/loop.hpp"
#include "services/assets/assets.hpp"
#include "services/http/client.hpp"

namespace toolrack::services::assets {

/// GET through the egress guard of `client`, which belongs to `loop`. Waits for the whole transfer: on a pool that may
/// block, never on a loop. A URL that answers with anything but 2xx is kProviderError. `what` without a media type
/// takes the answer's.
base::Result<Asset> fetch(Assets& assets, const Assets::New& what, std::string url, base::Loop& loop,
                          http::Client& client);

}  // namespace toolrack::services::assets
