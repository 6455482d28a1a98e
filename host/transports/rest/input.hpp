/// The input of an operation out of a request: path, query and body become members of one object.
#pragma once

#include <span>

#include "base/json.hpp"
#include "base/result.hpp"
#include "transports/rest/router.hpp"

namespace toolrack::rest {

/// kUnsupportedMediaType unless the content type is JSON in UTF-8. A request without a body needs none.
base::Result<void> check_content_type(const net::Request& request);

/// The body (an object; nothing counts as {}), then the query's members, then the path's. Query values are read as the
/// type that the operation's schema gives them. kInvalidRequest names a member that comes twice or cannot be read.
base::Result<base::json::Document> read_input(const net::Request& request, const Match& match);

}  // namespace toolrack::rest
