/// Small text helpers of the analysis: UTF-8, whitespace, ASCII case. No locale, no allocation unless a string is
/// returned.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::seo {

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
/// The value of a hexadecimal digit, -1 for any other character.
constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char l = to_lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept;
/// Without HTML whitespace at both ends.
std::string_view trim(std::string_view text) noexcept;
/// Trimmed; every run of HTML whitespace and no-break spaces becomes one space.
std::string collapse_space(std::string_view text);

/// Cuts the next piece before `separator` off `rest`; false when nothing is left. Empty pieces are returned too.
bool next_piece(std::string_view& rest, char separator, std::string_view& piece) noexcept;
/// Cuts the next run of non-space characters off `rest`; false when only space is left.
bool next_token(std::string_view& rest, std::string_view& token) noexcept;
/// Whether `list` has `token` (ASCII case ignored) among its space separated tokens.
bool has_token(std::string_view list, std::string_view token) noexcept;

/// The code point at `offset` of valid UTF-8; moves `offset` behind it. offset < text.size().
char32_t next_code_point(std::string_view text, std::size_t& offset) noexcept;
void append_utf8(std::string& out, char32_t code_point);
/// Code points, which is what search engines' limits and people count.
std::size_t count_code_points(std::string_view utf8) noexcept;
/// At most `max` code points; an ellipsis replaces what was cut.
std::string shorten(std::string_view utf8, std::size_t max);

/// `bytes` with every ill-formed sequence replaced by U+FFFD (one per maximal subpart, as browsers do) and NUL dropped.
/// `replaced` counts the replacements.
std::string to_valid_utf8(std::string_view bytes, std::size_t& replaced);

}  // namespace toolrack::seo
