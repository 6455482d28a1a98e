/// Versions of one tool that stand beside each other.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "registry/catalogue.hpp"

namespace toolrack::registry {

/// All of the tool's owner and slug, the highest first; a part of `catalogue.all()`. `tool` is one of them.
std::span<const std::shared_ptr<const Tool>> versions_of(const Catalogue& catalogue, const Tool& tool);

/// The one of them that is the default; null when none of them serves.
const Tool* default_of(const Catalogue& catalogue, const Tool& tool);

/// Of a narrowed catalogue: the tool of the whole one that `tool` is a part of. Else the tool itself.
std::shared_ptr<const Tool> original_of(const Catalogue& catalogue, const Tool& tool);

/// Is the tool of the version that somebody names? "1" takes 1.x.y, "1.4" takes 1.4.x, "1.4.0" takes itself, whatever
/// its build metadata.
bool is_version(const Tool& tool, std::string_view named);

}  // namespace toolrack::registry
