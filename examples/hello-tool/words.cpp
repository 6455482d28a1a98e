#include "words.hpp"

#include <algorithm>
#include <cctype>

namespace hello {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool starts_with(std::string_view text, std::string_view lower_case_prefix) {
  return text.size() >= lower_case_prefix.size() &&
         std::equal(lower_case_prefix.begin(), lower_case_prefix.end(), text.begin(),
                    [](char a, char b) { return a == lower(b); });
}

/// Where the markup that begins at `html` ends: behind a tag, a comment, or a whole script or style element.
std::size_t markup_size(std::string_view html) {
  const auto behind = [&](std::string_view end, std::size_t from) {
    for (std::size_t at = from; at < html.size(); ++at) {
      if (starts_with(html.substr(at), end)) return at + end.size();
    }
    return html.size();
  };
  if (starts_with(html, "<!--")) return behind("-->", 4);
  if (starts_with(html, "<script")) return behind("</script>", 7);
  if (starts_with(html, "<style")) return behind("</style>", 6);
  return behind(">", 1);
}

/// Bytes of the letter, digit or UTF-8 sequence at the front of `text`; 0 when it is none.
std::size_t letter_size(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return std::isalnum(lead) != 0 ? 1 : 0;
  const std::size_t size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe1 && lead < 0xed ? 3 : 0;  // Up to U+CFFF.
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

Words::Words(std::string_view html) {
  std::size_t text = 0;  // Where the text before `at` began.
  std::size_t at = 0;
  while (at < html.size()) {
    std::size_t skip = 0;
    if (html[at] == '<') skip = markup_size(html.substr(at));
    if (html[at] == '&') {
      const std::size_t end = html.substr(at, 12).find(';');
      skip = end == std::string_view::npos ? 1 : end + 1;
    }
    if (skip == 0) {
      ++at;
      continue;
    }
    add(html.substr(text, at - text));
    at += skip;
    text = at;
  }
  add(html.substr(text));
}

void Words::add(std::string_view text) {
  std::string word;
  const auto finish = [&] {
    if (word.empty()) return;
    ++counts_[word];
    ++total_;
    word.clear();
  };
  while (!text.empty()) {
    const std::size_t size = letter_size(text);
    if (size == 0) {
      finish();
      text.remove_prefix(1);
      continue;
    }
    for (const char c : text.substr(0, size)) word += size == 1 ? lower(c) : c;
    text.remove_prefix(size);
  }
  finish();
}

std::vector<std::pair<std::string, int>> Words::top(std::size_t how_many) const {
  std::vector<std::pair<std::string, int>> all(counts_.begin(), counts_.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  all.resize(std::min(all.size(), how_many));
  return all;
}

}  // namespace hello
