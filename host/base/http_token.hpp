/// Tokens of HTTP (RFC 9110, 5.6.2): methods, names of fields, the parts of a media type.
#pragma once

#include <algorithm>
#include <string_view>

namespace toolrack::base {

constexpr bool is_http_token_character(char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  switch (c) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
      return true;
    default:
      return false;
  }
}

constexpr bool is_http_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_http_token_character);
}

}  // namespace toolrack::base
