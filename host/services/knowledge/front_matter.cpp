#include "services/knowledge/front_matter.hpp"

#include <algorithm>

namespace toolrack::services::knowledge {
namespace {

/// More lines than this are no front matter but a document that begins with a rule.
constexpr std::size_t kMostLines = 200;
constexpr std::size_t kMostWords = 64;
constexpr std::size_t kLongestValue = 200;

std::string_view without_edges(std::string_view text, std::string_view edges) noexcept {
  const auto first = text.find_first_not_of(edges);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(edges) - first + 1);
}

std::string_view trimmed(std::string_view text) noexcept { return without_edges(text, " \t\r"); }

void add_words(std::string_view list, std::vector<std::string>& words) {
  list = without_edges(list, " \t\r[]");
  while (!list.empty() && words.size() < kMostWords) {
    const auto end = std::min(list.find(','), list.size());
    const auto word = without_edges(list.substr(0, end), " \t\"'");
    if (!word.empty() && word.size() <= kLongestValue) words.emplace_back(word);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

}  // namespace

std::size_t read_front_matter(std::string_view document, std::string& title, std::vector<std::string>& words) {
  std::string found_title;
  std::vector<std::string> found_words;
  std::string_view member;
  std::size_t at = 0;
  for (std::size_t number = 0; number < kMostLines && at < document.size(); ++number) {
    const auto end = std::min(document.find('\n', at), document.size());
    const auto line = document.substr(at, end - at);
    at = std::min(end + 1, document.size());
    if (number == 0) {
      if (trimmed(line) != "---" || line.front() != '-') return 0;
      continue;
    }
    if (trimmed(line) == "---" || trimmed(line) == "...") {
      title = std::move(found_title);
      words = std::move(found_words);
      return at;
    }
    const auto is_words = [&] { return member == "keywords" || member == "tags"; };
    if (const auto item = trimmed(line); item.starts_with("- ") && is_words()) {
      add_words(item.substr(2), found_words);
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || line.front() == ' ') continue;
    member = trimmed(line.substr(0, colon));
    const auto value = line.substr(colon + 1);
    if (member == "title" && value.size() <= kLongestValue) found_title = without_edges(value, " \t\r\"'");
    if (is_words()) add_words(value, found_words);
  }
  return 0;
}

}  // namespace toolrack::services::knowledge
