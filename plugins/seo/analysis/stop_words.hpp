/// Words that say nothing about a text's subject.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

/// `word` is folded; `language` is a primary tag. Knows en, de, es and fr.
bool is_stop_word(std::string_view language, std::string_view word) noexcept;
bool has_stop_words(std::string_view language) noexcept;
/// The language whose stop words are most frequent among these folded words; empty when they are rare.
std::string guess_language(const std::vector<std::string_view>& words);

}  // namespace toolrack::seo
