/// What a client says that it can be asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {

/// What is wrong with a ClientCapabilities object, whose members are objects in every revision; nothing when all is
/// well. `where`: its name for the client. Members that no revision has are left alone.
std::optional<std::string> wrong_capabilities(const base::json::Value& capabilities, std::string_view where);

/// Bits of registry/questions.hpp, of a ClientCapabilities object; only what the revision has.
std::uint32_t can_ask(const base::json::Value& capabilities, Revision revision);

/// The other way round, for -32021: a ClientCapabilities object that has them.
std::string required_capabilities(std::uint32_t kinds);

/// Does it know tasks (the extension)? Of a modern request.
bool knows_tasks(const base::json::Value& capabilities);
/// What a request is refused with that has no other answer than a task, or is about one: -32021, HTTP 400.
RpcError needs_tasks();

inline constexpr std::string_view kLacksCapability = "the client lacks a capability that this needs";

}  // namespace toolrack::mcp
