/// What a request must look like before anything is done for it.
#pragma once

#include "base/result.hpp"
#include "services/http/client.hpp"
#include "services/http/url.hpp"

namespace toolrack::services::http {

/// The request's URL when all of it may be sent. kInvalidRequest names the part that may not: a method or header name
/// that is no token, a control character, a header that the client itself writes, or what `Url::parse` refuses.
/// kEgressRefused: the host is not granted.
base::Result<Url> check_request(const Request& request);

/// kEgressRefused, naming the host, unless a grant covers it.
base::Result<void> check_grant(const Url& url, const std::vector<std::string>& grants);

}  // namespace toolrack::services::http
