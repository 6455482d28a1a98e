/// "Did you mean ...?"
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace toolrack::registry {

/// Insertions, deletions and replacements between the two; 100 when there must be more than two, or a text has more
/// than 64 bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Is `name` what somebody who typed `typed` may have meant: at most two edits away (one for short names), or longer by
/// its end?
bool is_near(std::string_view typed, std::string_view name);

/// ` Did you mean "seo" or "seal"?` with the nearest names, at most three, or empty when none is near.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> names);

}  // namespace toolrack::registry
