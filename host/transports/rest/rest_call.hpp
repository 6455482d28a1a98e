/// POST /v1/tools/call: one call from request to reply.
#pragma once

#include "call/call_path.hpp"
#include "transports/net/http.hpp"

namespace toolrack::rest {

/// Reads the body, starts the call, answers when it is done; a client that leaves cancels it.
void start_rest_call(call::CallPath& calls, const net::Request& request, net::Exchange& exchange,
                     const accounts::PrincipalRef& principal, const base::Clock& clock);

/// A call that did not get as far as the call path, answered in the shape of a failed call. `limit` is the key's state,
/// when there is one.
void refuse_call(net::Exchange& exchange, const base::Error& error,
                 std::optional<accounts::LimitState> limit = std::nullopt);

}  // namespace toolrack::rest
