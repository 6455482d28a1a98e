/// The request target and the Host it belongs to.
#pragma once

#include "base/result.hpp"
#include "transports/net/http.hpp"

namespace toolrack::net {

/// Fills path, query and host of `request` from its target and headers. kBadHttp for a form this server does not serve
/// and for a Host that is missing (HTTP/1.1), repeated, malformed, or other than the authority of an absolute target.
base::Result<void> read_target(Request& request);

}  // namespace toolrack::net
