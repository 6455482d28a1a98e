/// `x-mcp-header` in the schema of an input: which arguments MCP clients (2026-07-28) repeat in Mcp-Param-* headers,
/// for whoever stands between and reads no bodies.
///
/// A client leaves a tool with a wrong annotation out of its list and tells its author nothing, so annotations are
/// judged where schemas are read. The rules are the specification's: the value is a token (RFC 9110) that no other
/// annotation of the schema has in another case, and stands in a property of the type string, integer or boolean that
/// is reached from the root by `properties` alone.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::registry {

/// Every annotation of `schema` that breaks a rule, with the value and the rule. `pointer` is the schema's own; those
/// of the violations begin with it. Pure.
std::vector<Violation> check_header_annotations(const base::json::Value& schema, std::string_view pointer);

}  // namespace toolrack::registry
