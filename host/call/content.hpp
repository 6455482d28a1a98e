/// MCP content blocks of a skill's parts; the same blocks in every era and on every surface.
#pragma once

#include "base/json.hpp"
#include "registry/outcome.hpp"

namespace toolrack::call {

/// One block: text, image, audio (base64), resource_link, resource, or the skill's own block as it is.
void write_content(base::json::Writer& writer, const registry::Part& part);

}  // namespace toolrack::call
