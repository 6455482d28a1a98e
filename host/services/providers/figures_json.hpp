/// A provider's figures on the wire.
#pragma once

#include "base/json.hpp"
#include "services/providers/provider_states.hpp"

namespace toolrack::services::providers {

/// Members of an open object: breaker, retry_after_seconds while it is open, answered, failed; failure_share (0 to 1),
/// latency_ms and bytes_per_second where they are known.
void write_figures(base::json::Writer& writer, const ProviderFigures& figures);

}  // namespace toolrack::services::providers
