/// Classes of characters in HTTP (RFC 9110).
#pragma once

#include "base/http_token.hpp"

namespace toolrack::net {

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// May stand in a method or a field name.
constexpr bool is_token(char c) noexcept { return base::is_http_token_character(c); }

/// May stand in a field value: visible characters, blanks, tabs and bytes above 127; no control character.
constexpr bool is_field_text(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace toolrack::net
