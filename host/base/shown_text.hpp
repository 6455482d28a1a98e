/// What somebody else wrote, as messages repeat it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::base {

/// In quotes, with control characters escaped, at most `most_bytes` of the text and "…" behind what was cut. What is no
/// UTF-8 has U+FFFD in it.
std::string shown(std::string_view text, std::size_t most_bytes = 80);

}  // namespace toolrack::base
