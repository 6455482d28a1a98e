/// What a modern request must carry before its method is looked at: _meta, headers, version. In the order that clients
/// rely on.
#pragma once

#include <cstdint>
#include <optional>

#include "registry/handler.hpp"
#include "transports/mcp/message.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/net/http.hpp"

namespace toolrack::mcp {

/// What was found on the way.
struct ModernMeta {
  const base::json::Value* capabilities = nullptr;  ///< Of the client: an object.
  std::uint8_t log_level = registry::kNoCallerLog;  ///< The least severe lines that it wants.
};

/// Nothing when all is well: then `meta` is filled in. -32602 for _meta, -32020 for a header that is missing or says
/// something else than the body, -32022 for a version that is not served.
std::optional<RpcError> check_modern(const Message& message, const net::Headers& headers, ModernMeta& meta);

/// A header's value, decoded when it is of the form =?base64?…?=; nothing when that is not strict base64 of UTF-8.
std::optional<std::string> decode_header(std::string_view value);

/// {"supported":[…],"requested":…}.
RpcError unsupported_version(std::string_view requested);

}  // namespace toolrack::mcp
