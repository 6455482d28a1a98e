/// `x-mcp-header` in the schema of an input: which arguments MCP clients (2026-07-28) repeat in Mcp-Param-* headers.
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
#include "registry/tool.hpp"

namespace toolrack::registry {

struct HeaderAnnotations {
  /// As the schema has them. Of wrong annotations those are here, too, that a header can be made of: with a name that
  /// is a token, not met before, in a property that `properties` alone lead to.
  std::vector<HeaderArgument> arguments;
  std::vector<Violation> violations;  ///< Each with the value and the rule.
};

/// `pointer` is the schema's own; those of the violations begin with it. Pure.
HeaderAnnotations read_header_annotations(const base::json::Value& schema, std::string_view pointer);

}  // namespace toolrack::registry
