#include "analysis/words.hpp"

#include "analysis/text.hpp"

#include <boost/spirit/home/support/char_encoding/unicode/query.hpp>

#include <cstdint>

namespace toolrack::seo {
namespace {

namespace ucd = boost::spirit::ucd;

enum class Class : std::uint8_t { kSpace, kLetter, kMark, kSingle, kJoiner, kPause };

Class class_of(char32_t c) noexcept {
  if (c < 0x80) {
    const char ascii = static_cast<char>(c);
    if (is_alpha(ascii) || is_digit(ascii) || ascii == '_') return Class::kLetter;
    if (is_space(ascii)) return c == '\n' ? Class::kPause : Class::kSpace;
    return ascii == '\'' || ascii == '-' ? Class::kJoiner : Class::kPause;
  }
  if (c == 0x2019 || c == 0x00AD || c == 0x2010 || c == 0x2011 || c == 0x200C || c == 0x200D) return Class::kJoiner;
  if (c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200B) || c == 0x202F || c == 0xFEFF) return Class::kSpace;
  // Younger than Boost's tables, which take what they do not know for letters: emoji, rare Han.
  if (c > 0x10FFFF || (c >= 0x1F000 && c <= 0x1FBFF)) return Class::kPause;
  if (c >= 0x20000 && c <= 0x3FFFF) return Class::kSingle;
  const auto category = ucd::get_major_category(c);
  if (category == ucd::properties::mark) return Class::kMark;
  if (category != ucd::properties::letter && category != ucd::properties::number) return Class::kPause;
  switch (ucd::get_script(c)) {
    case ucd::properties::han:
    case ucd::properties::hiragana:
    case ucd::properties::katakana:
    case ucd::properties::thai:
    case ucd::properties::lao:
    case ucd::properties::khmer:
    case ucd::properties::myanmar:
      return Class::kSingle;
    default:
      // The prolonged sound mark and its kin belong to no script of their own.
      return c == 0x30FC || c == 0xFF70 ? Class::kMark : Class::kLetter;
  }
}

}  // namespace

void split_words(std::string_view text, const std::function<void(std::string_view)>& word,
                 const std::function<void()>& pause) {
  std::size_t begin = std::string_view::npos;  // Of the running word.
  std::size_t end = 0;                         // Behind its last letter; joiners may follow.
  bool is_single = false;
  const auto finish = [&] {
    if (begin != std::string_view::npos) word(text.substr(begin, end - begin));
    begin = std::string_view::npos;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    const char32_t c = next_code_point(text, at);
    switch (class_of(c)) {
      case Class::kLetter:
        if (is_single || (begin != std::string_view::npos && end != from && from - end > 3)) finish();
        if (begin == std::string_view::npos) begin = from;
        is_single = false;
        end = at;
        break;
      case Class::kSingle:
        finish();
        begin = from;
        is_single = true;
        end = at;
        break;
      case Class::kMark:
        if (begin != std::string_view::npos) end = at;
        break;
      case Class::kJoiner:
        // Only directly behind a letter, and only one: "it's" is a word, "--" none.
        if (begin == std::string_view::npos || is_single || end != from) finish();
        break;
      case Class::kSpace:
        finish();
        break;
      case Class::kPause:
        finish();
        pause();
        break;
    }
  }
  finish();
}

std::size_t count_words(std::string_view text) {
  std::size_t count = 0;
  split_words(
      text, [&](std::string_view) { ++count; }, [] {});
  return count;
}

std::string fold_case(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    char32_t c = next_code_point(utf8, at);
    if (c < 0x80) {
      out += to_lower(static_cast<char>(c));
      continue;
    }
    if (c == 0x2019) {
      out += '\'';
      continue;
    }
    if (c <= 0x10FFFF) c = ucd::to_lowercase(c);
    append_utf8(out, c);
  }
  return out;
}

}  // namespace toolrack::seo
