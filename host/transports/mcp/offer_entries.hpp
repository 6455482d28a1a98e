/// Resources, URI templates and prompts as MCP lists them.
#pragma once

#include "base/json.hpp"
#include "registry/tool.hpp"

namespace toolrack::mcp {

/// A Resource, or a ResourceTemplate.
void write_entry(base::json::Writer& writer, const registry::Resource& resource);
void write_entry(base::json::Writer& writer, const registry::Prompt& prompt);

}  // namespace toolrack::mcp
