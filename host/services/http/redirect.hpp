/// Redirects, followed by the client itself so that every hop passes the same checks as a first request.
#pragma once

#include <string>

#include "base/result.hpp"
#include "services/http/client.hpp"
#include "services/http/url.hpp"

namespace toolrack::services::http {

/// 301, 302, 303, 307 and 308.
bool is_redirect(int status) noexcept;

/// May the redirect be followed to `target`? A body or a method with effects is not carried to another origin: then the
/// redirect is the answer. The same where the target carries a secret of the request to another origin.
bool may_follow(const Request& request, int status, const Url& from, const Url& target) noexcept;

/// Changes `request` into the one for `target`: 303, and 301 or 302 after POST, become GET without a body; at another
/// origin only headers that are known to carry no credential stay.
void redirect(Request& request, int status, const Url& from, const Url& target);

}  // namespace toolrack::services::http
