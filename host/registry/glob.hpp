/// The asterisk of name patterns.
#pragma once

#include <string_view>

namespace toolrack::registry {

/// Does all of `text` match? `*` stands for any run of characters, an empty one too; everything else for itself. Time
/// grows with the product of the two lengths at most.
bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

}  // namespace toolrack::registry
