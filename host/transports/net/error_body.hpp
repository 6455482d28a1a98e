/// The one shape of a failure in HTTP: {"error":{"code","message","type","resolution_hint",...},"request_id"}.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "transports/net/http.hpp"

namespace toolrack::net {

/// `retry_after` (whole seconds, rounded up) and `details` are there when the error carries them.
std::string error_body(const base::Error& error, std::string_view request_id);

/// Answers with the status of the error's row, `error_body`, and a Retry-After header where the error carries one.
void respond_error(Exchange& exchange, const base::Error& error, std::span<const HeaderField> headers = {});

}  // namespace toolrack::net
