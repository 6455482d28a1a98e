/// What callers see of a skill whose plugin answers with file names: links and descriptions of assets.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace toolrack::registry {

/// Rewrites an output schema in place: each property `x_path` that is a string, or an array of strings, becomes `x_url`
/// and `x_asset`, in `required` too, at any depth of `properties`, `items` and their like. True when there was one.
bool publish_file_outputs(base::json::Value& schema, base::json::Document::AllocatorType& memory);

}  // namespace toolrack::registry
