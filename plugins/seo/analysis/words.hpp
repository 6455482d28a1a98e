/// Splits text into words, whatever the script.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace toolrack::seo {

/// Calls `word` for each word of valid UTF-8 `text`, and `pause` wherever a phrase ends: punctuation, line ends.
/// A word is a run of letters, marks and digits, with apostrophes and hyphens inside; scripts that are written without
/// spaces (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) count one word a character, marks belong to the
/// character before. The views point into `text`.
void split_words(std::string_view text, const std::function<void(std::string_view)>& word,
                 const std::function<void()>& pause);

std::size_t count_words(std::string_view text);

/// Lower case by Unicode's simple mapping, so that "STRASSE" and "Über" match what people type.
std::string fold_case(std::string_view utf8);

}  // namespace toolrack::seo
