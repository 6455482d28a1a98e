/// What people type, as an FTS5 query that can only search.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::text {

/// Which documents a query of several words finds.
enum class Match : unsigned char { kAll, kAny };

/// More words than this do not make a search better; FTS5 limits the depth of its expressions.
inline constexpr std::size_t kMaxWords = 64;

/// `typed` cut at white space, each piece a quoted prefix phrase, joined by AND or OR. Nothing typed is ever an
/// operator, a column name or an unbalanced quote. Pieces without a letter or digit are left out; empty when nothing
/// remains. Words after the first kMaxWords are ignored. `typed` is valid UTF-8.
std::string match_expression(std::string_view typed, Match match);

/// The words of a question: runs of letters and digits, each a quoted word of its own and not a beginning, joined by
/// OR. English words that say nothing about a subject (stop_words.hpp) are left out, unless the question has no others.
std::string question_expression(std::string_view typed);

/// The same words, as they stand in `typed`.
std::vector<std::string_view> question_words(std::string_view typed);

}  // namespace toolrack::text
