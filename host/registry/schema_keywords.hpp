/// Values of keywords, read from a schema. Private to the registry.
///
/// `place` is the JSON Pointer of the schema; every refusal is kInvalidManifest and names it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry::schema {

/// `schema at "<place>/<keyword>": <why>`; no keyword when empty.
[[nodiscard]] tl::unexpected<base::Error> refuse(std::string_view place, std::string_view keyword,
                                                 std::string_view why);

/// `token` as a part of a JSON Pointer.
std::string escape_token(std::string_view token);

/// Whole numbers of at least 0; 2.0 is one.
base::Result<Range> read_range(const base::json::Value& schema, std::string_view place, const char* min,
                               const char* max, Range otherwise = {});

base::Result<std::shared_ptr<const Pattern>> read_pattern(std::string_view text, std::string_view place,
                                                          std::string_view keyword);

base::Result<std::vector<std::string>> read_names(const base::json::Value& list, std::string_view place,
                                                  std::string_view keyword);

/// Bits of Node::types from the value of `type`.
base::Result<std::uint8_t> read_types(const base::json::Value& type, std::string_view place);

/// Deeper than kMaxDepth? Walks without recursion, for values that no parser has limited.
bool is_too_deep(const base::json::Value& value);

}  // namespace toolrack::registry::schema
