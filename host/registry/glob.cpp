#include "registry/glob.hpp"

#include <cstddef>

namespace toolrack::registry {

bool matches_glob(std::string_view pattern, std::string_view text) noexcept {
  constexpr auto kNone = std::string_view::npos;
  std::size_t p = 0, t = 0;
  // The last asterisk, and where what follows it is tried: giving it one character more is all the going back there is.
  std::size_t star = kNone, tried = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != kNone) {
      p = star + 1;
      t = ++tried;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace toolrack::registry
