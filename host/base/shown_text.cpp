#include "base/shown_text.hpp"

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace toolrack::base {

std::string shown(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes && is_utf8(text)) return json::quote(text);
  // A character that is cut in two is none; a few bytes more than are shown tell where it ends.
  constexpr std::size_t kLongestCharacter = 4;
  const auto valid = replace_invalid_utf8(text.substr(0, most_bytes + kLongestCharacter));
  const auto kept = truncate_utf8(valid, most_bytes);
  return json::quote(text.size() <= most_bytes && kept.size() == valid.size() ? std::string(kept)
                                                                              : std::string(kept).append("…"));
}

}  // namespace toolrack::base
