/// What a client says that it can be asked.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// Bits of registry/questions.hpp, of a ClientCapabilities object; only what the revision has.
std::uint32_t can_ask(const base::json::Value& capabilities, Revision revision);

/// The other way round, for -32021: a ClientCapabilities object that has them.
std::string required_capabilities(std::uint32_t kinds);

}  // namespace toolrack::mcp
