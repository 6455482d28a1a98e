/// What a tool set comes to in a catalogue: which tools are left, and what of the set cannot be.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "registry/catalogue.hpp"
#include "registry/tool_set.hpp"

namespace toolrack::registry {

struct Narrowing {
  /// Those of which something is left, in the order of the catalogue, withheld ones too. Tools of which all is left
  /// under its own names are the catalogue's; others are copies with fewer skills and other names.
  std::vector<std::shared_ptr<const Tool>> tools;
  std::unordered_map<const Tool*, const Tool*> originals;  ///< Of the copies: the catalogue's.
  /// Skills that are left out because another one has been given their flat name, one sentence for each.
  std::vector<std::string> clashes;
  /// Patterns and renamed skills of the set's own layer that lead to nothing in this catalogue.
  std::vector<std::string> unmatched;
};

/// `whole`: a catalogue that is not narrowed itself.
Narrowing narrow(const Catalogue& whole, const ToolSet& set);

}  // namespace toolrack::registry
