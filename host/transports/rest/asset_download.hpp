/// GET /v1/assets/:id: a file from the store to the caller, a piece at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/pool.hpp"
#include "services/assets/assets.hpp"
#include "transports/net/http.hpp"

namespace toolrack::rest {

/// The part of a body that a Range header asks for.
struct ByteRange {
  std::uint64_t first = 0, size = 0;
};
/// Of `bytes` bytes. Nothing when the header is absent, malformed or names several ranges: then the whole body is the
/// answer (RFC 9110, 14.2). A range of size 0 stands for one that cannot be satisfied (416).
std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t bytes);

/// Does an If-None-Match header name `etag`?
bool names_etag(std::string_view header, std::string_view etag);

/// May a browser show it where it is, without asking? Everything else is an attachment.
bool is_safe_to_show(std::string_view media_type);

/// `account` empty: whoever owns it. Answers the exchange, later and on its loop; the disk is read in `pool`. All
/// outlive the exchange.
void download(net::Exchange& exchange, services::assets::Assets& assets, base::Pool& pool, std::string account,
              std::string id);

}  // namespace toolrack::rest
