/// HTTP headers that repeat what a message's body says (Streamable HTTP, 2026-07-28).
#pragma once

#include <string>
#include <string_view>

namespace toolrack::stdio {

/// `value` as a header may carry it: as it is when it is plain visible ASCII, else `=?base64?…?=`.
std::string header_value(std::string_view value);

/// "Name: value", the value encoded; in libcurl's form "Name;" when it is empty.
std::string header_line(std::string_view name, std::string_view value);

/// The member of params that Mcp-Name repeats for a method, or null.
const char* name_member(std::string_view method) noexcept;

}  // namespace toolrack::stdio
