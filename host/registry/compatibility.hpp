/// What a newer version of a tool takes away from those who call the one before it.
#pragma once

#include <string>
#include <vector>

#include "registry/schema_narrowing.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// Every name and every input that was good for `before` and is not for `after`: skills, flat names, aliases,
/// resources and prompts that are gone, inputs that are gone, required now, or narrower. Pointers lead into the
/// manifests. Errs on the side of telling. Empty: callers notice nothing. At most 32 are told. Pure.
std::vector<Break> find_breaks(const Tool& before, const Tool& after);

/// "at /skills/0/input/required/1: \"depth\" is required now; and 2 more". `breaks` is not empty.
std::string to_text(const std::vector<Break>& breaks);

/// Has `after` promised callers of `before` that nothing is taken away? Between stable versions of one major version
/// (of 0.x: of one 0.minor, as semver.org item 4 lets anything change there), from the lower to the higher.
bool must_be_compatible(std::string_view before, std::string_view after);

}  // namespace toolrack::registry
