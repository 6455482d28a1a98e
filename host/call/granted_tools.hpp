/// Patterns of skills, as manifests grant them: "seo.analyze_page", "seo.*", "owner/seo.*", "*". Internal to call/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "registry/catalogue.hpp"

namespace toolrack::call {

/// Does one of the patterns name the skill? A tool without an owner is the one that this name leads to in a call.
bool is_granted(const registry::Catalogue& catalogue, const std::vector<std::string>& patterns,
                const registry::Skill& skill);

/// {items: [{name, owner, version, skill}], next?}: skills of default versions that `pattern` (empty: all) and one of
/// `grants` name, by their flat names; `name` is what to call them by, `skill` what GET /v1/tools/:tool shows of it.
/// At most fifty, those after `cursor`, which is `next` of the page before. kInvalidRequest: no pattern.
base::Result<std::string> list_granted(const registry::Catalogue& catalogue, const std::vector<std::string>& grants,
                                       std::string_view pattern, std::string_view cursor);

}  // namespace toolrack::call
