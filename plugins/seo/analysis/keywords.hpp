/// Which words and phrases a text is about, by how often they occur.
#pragma once

#include "analysis/page.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

/// Where else a phrase may stand. For plain text only `text` is set.
struct KeywordSource {
  std::string text;
  std::string language;  ///< Primary tag; empty: guessed from the stop words.
  std::string title, h1, description, url;
};

/// The readable parts of a page.
KeywordSource keyword_source(const Page& page);

struct Keyword {
  std::string phrase;
  std::size_t words = 1;
  std::size_t count = 0;
  double density = 0;  ///< Percent of all words: count * words / total * 100.
  bool is_in_title = false, is_in_h1 = false, is_in_description = false, is_in_url = false;
};

struct KeywordReport {
  std::string language;  ///< Whose stop words were left out; empty when none is known.
  std::size_t total_words = 0, unique_words = 0;
  std::vector<Keyword> by_length[3];  ///< Of one, two and three words, most frequent first.
  std::vector<Keyword> phrases;       ///< Those asked for, in that order.
};

/// Words of stop lists count towards the total but are no keywords, and no keyword begins or ends with one.
KeywordReport count_keywords(const KeywordSource& source, const std::vector<std::string>& phrases, std::size_t top);

}  // namespace toolrack::seo
