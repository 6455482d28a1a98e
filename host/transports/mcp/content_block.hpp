/// Blocks of content in the words of each revision. Strict clients refuse a result with a type of block that is newer
/// than they are, so those become text for them.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "registry/outcome.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

void write_text_block(base::json::Writer& writer, std::string_view text);

/// A block of a skill's parts.
void write_block(base::json::Writer& writer, const registry::Part& part, Revision revision);

/// A block that is written in MCP's own words: an object with a known `type` and what belongs to it.
void write_block(base::json::Writer& writer, const base::json::Value& block, Revision revision);

}  // namespace toolrack::mcp
