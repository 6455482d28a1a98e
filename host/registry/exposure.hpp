/// Which names a caller sees at an MCP endpoint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace toolrack::registry {

class Catalogue;
struct Skill;

/// Read from the query of the endpoint's URL. `/mcp`: the meta-tools; `?expose=flat`: every skill under its flat name;
/// `&tools=a,b` narrows to those tools. Every flat name is callable at any exposure.
struct Exposure {
  enum class Kind : unsigned char { kMeta, kFlat };
  Kind kind = Kind::kMeta;
  std::vector<std::string> tools;  ///< Sorted; empty: all.

  /// kInvalidRequest names an unknown parameter value.
  static base::Result<Exposure> parse(std::string_view query);
  /// A text that is equal for equal exposures: the key of cached lists.
  std::string cache_key() const;
  /// The skills listed for kFlat, in the catalogue's order; kMeta lists none. kToolNotFound for a tool that is not
  /// there.
  base::Result<std::vector<const Skill*>> skills(const Catalogue& catalogue) const;
};

}  // namespace toolrack::registry
