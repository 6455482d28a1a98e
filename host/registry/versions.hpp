/// Versions of one tool that stand beside each other.
#pragma once

#include <memory>
#include <span>

#include "registry/catalogue.hpp"

namespace toolrack::registry {

/// All of the tool's owner and slug, the highest first; a part of `catalogue.all()`. `tool` is one of them.
std::span<const std::shared_ptr<const Tool>> versions_of(const Catalogue& catalogue, const Tool& tool);

/// The one of them that is the default; null when none of them serves.
const Tool* default_of(const Catalogue& catalogue, const Tool& tool);

}  // namespace toolrack::registry
