/// Resources, URI templates and prompts as MCP lists them.
#pragma once

#include <cstdint>

#include "base/json.hpp"
#include "registry/catalogue.hpp"
#include "registry/exposure.hpp"
#include "registry/tool.hpp"

namespace toolrack::mcp {

/// A Resource, or a ResourceTemplate.
void write_entry(base::json::Writer& writer, const registry::Resource& resource);
void write_entry(base::json::Writer& writer, const registry::Prompt& prompt);

/// A number that differs when the lists of an exposure say something else: the prompts, or resources and templates.
/// What plugins list themselves is not asked for; another version of such a plugin counts as a change.
std::uint64_t offers_digest(const registry::Catalogue& catalogue, const registry::Exposure& exposure, bool are_prompts);

}  // namespace toolrack::mcp
