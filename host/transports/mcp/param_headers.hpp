/// Mcp-Param-* headers: arguments that a tool's schema wants repeated outside the body (`x-mcp-header`).
#pragma once

#include <optional>

#include "registry/tool.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/net/headers.hpp"

namespace toolrack::mcp {

/// -32020 when a header that the schema names says something else than the argument, is missing, or is there without
/// one, or when the argument is an integer that no header can carry. `arguments` is the parsed params.arguments or
/// null. A schema without x-mcp-header costs a search through its text.
std::optional<RpcError> check_param_headers(const registry::Skill& skill, const base::json::Value* arguments,
                                            const net::Headers& headers);

}  // namespace toolrack::mcp
