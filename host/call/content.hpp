/// MCP content blocks of a skill's parts; the same blocks in every era and on every surface.
#pragma once

#include <string>

#include "base/json.hpp"
#include "registry/outcome.hpp"

namespace toolrack::call {

/// One block: text, image, audio (base64), resource_link, resource, or the skill's own block as it is.
void write_content(base::json::Writer& writer, const registry::Part& part);

/// {uri, mimeType?, text | blob} of a part that is a resource, and the members of `extra_json`, an object or empty.
void write_resource_contents(base::json::Writer& writer, const registry::Part& part, const std::string& extra_json);

}  // namespace toolrack::call
