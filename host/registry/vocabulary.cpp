#include "registry/vocabulary.hpp"

#include <algorithm>

#include "registry/near_names.hpp"

namespace toolrack::registry {
namespace {

constexpr std::size_t kLongest = 64;
constexpr std::size_t kMostCorrections = 8;  // A page that was pasted is no word with a slip.

bool is_letter(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

/// Calls `visit(word, is_ascii)`, the word in lower case, with where it stands.
template <typename Visit>
void for_each_word(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_letter(text[at])) {
      ++at;
      continue;
    }
    auto end = at;
    bool is_ascii = true;
    std::string word;
    for (; end < text.size() && is_letter(text[end]); ++end) {
      const char c = text[end];
      is_ascii = is_ascii && (c & 0x80) == 0;
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    visit(std::string_view(word), is_ascii, at, end);
    at = end;
  }
}

std::size_t allowed_edits(std::string_view word) noexcept { return word.size() < 4 ? 0 : word.size() < 6 ? 1 : 2; }

}  // namespace

void Vocabulary::add(std::string_view text) {
  for_each_word(text, [&](std::string_view word, bool is_ascii, std::size_t, std::size_t) {
    if (is_ascii && word.size() <= kLongest) words_.emplace_back(word);
  });
}

void Vocabulary::seal() {
  std::sort(words_.begin(), words_.end());
  words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
  words_.shrink_to_fit();
}

bool Vocabulary::is_known(std::string_view word) const {
  if (word.size() > 3 && word.ends_with('s')) word.remove_suffix(1);  // As the index reads plurals.
  const auto found = std::lower_bound(words_.begin(), words_.end(), word);
  return found != words_.end() && found->starts_with(word);
}

/// Slips in the first letter are rare, and leaving them out leaves out nearly all of the words.
std::string_view Vocabulary::nearest(std::string_view word) const {
  auto best = allowed_edits(word) + 1;
  std::string_view out;
  const auto first = std::lower_bound(words_.begin(), words_.end(), word.substr(0, 1));
  for (auto at = first; at != words_.end() && at->front() == word.front() && best > 1; ++at) {
    if (const auto edits = edit_distance(word, *at); edits < best) {
      best = edits;
      out = *at;
    }
  }
  return out;
}

std::optional<std::string> Vocabulary::correct(std::string_view typed) const {
  std::string out;
  std::size_t copied = 0, corrections = 0;
  for_each_word(typed, [&](std::string_view word, bool is_ascii, std::size_t begin, std::size_t end) {
    if (!is_ascii || word.size() > kLongest || allowed_edits(word) == 0 || corrections == kMostCorrections) return;
    if (is_known(word)) return;
    const auto meant = nearest(word);
    if (meant.empty()) return;
    ++corrections;
    out.append(typed.substr(copied, begin - copied)).append(meant);
    copied = end;
  });
  if (corrections == 0) return std::nullopt;
  out += typed.substr(copied);
  return out;
}

}  // namespace toolrack::registry
