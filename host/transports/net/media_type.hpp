/// What a Content-Type says (RFC 9110, 8.3).
#pragma once

#include <string_view>

namespace toolrack::net {

/// "application/json" without a charset or with that of UTF-8, whatever other parameters follow; names in any letter
/// case. False for everything else, and for what cannot be read or names two charsets: bytes in another encoding would
/// be read wrongly.
bool is_utf8_json(std::string_view content_type) noexcept;

}  // namespace toolrack::net
