/// The second half of compiling a schema: from text that names schemas to numbers that do. Private to the registry.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry::schema {

/// JSON Pointers and anchors of every schema in the document.
using Places = std::unordered_map<std::string, NodeId>;

struct Reference {
  NodeId from = kNone;
  std::string place;   ///< JSON Pointer of the schema that refers.
  std::string target;  ///< The value of `$ref`.
};

/// kInvalidManifest: `schema at "<place>/<keyword>": <why>`; no keyword when empty.
[[nodiscard]] tl::unexpected<base::Error> refuse(std::string_view place, std::string_view keyword,
                                                 std::string_view why);

/// `token` as a part of a JSON Pointer.
std::string escape_token(std::string_view token);

/// Resolves the references. Refused: those that lead out of the document or to no schema; cycles that stay at one
/// value, which would never end (cycles that go down into the value end with it); chains of more than kMaxInPlaceDepth
/// schemas for one value.
base::Result<void> link(Program& program, const Places& places, std::span<const Reference> references);

}  // namespace toolrack::registry::schema
