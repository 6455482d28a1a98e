/// POST /v1/tools/batch: up to ten calls in one request, side by side; each answer stands alone.
#pragma once

#include <memory>
#include <string_view>

#include "accounts/principal.hpp"
#include "call/call_path.hpp"
#include "transports/net/http.hpp"
#include "transports/rest/server_span.hpp"

namespace toolrack::rest {

inline constexpr std::size_t kMostCalls = 10;

/// Where the batch and its calls are recorded; null: nowhere.
struct Traced {
  services::telemetry::Tracer* tracer = nullptr;
  std::shared_ptr<ServerSpan> span;
};

/// `request` as it came; its body is {calls: [what POST /v1/tools/call takes, ...]}. The exchange is answered once,
/// with {results: [replies in the order of the calls], succeeded, failed, cost, currency, request_id}. A batch that is
/// none is refused whole; a call of it that fails is a result. A client that leaves cancels what still runs. On the
/// exchange's loop; `calls` outlives the batch.
void start_batch(call::CallPath& calls, const net::Request& request, net::Exchange& exchange,
                 const accounts::PrincipalRef& principal, Traced traced = {});

}  // namespace toolrack::rest
