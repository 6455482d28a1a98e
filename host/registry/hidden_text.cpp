#include "registry/hidden_text.hpp"

#include <cstddef>

namespace toolrack::registry {
namespace {

/// The code point at `at`, which moves on.
char32_t next_code_point(std::string_view text, std::size_t& at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const auto first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t out = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) out = (out << 6) | (byte(at + i) & 0x3f);
  at += length;
  return out;
}

bool is_hidden(char32_t c) noexcept {
  const bool is_control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0);
  const bool turns_text_around = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  const bool is_tag = c >= 0xe0000 && c <= 0xe007f;  // Invisible, and read by models all the same.
  return is_control || turns_text_around || is_tag;
}

}  // namespace

std::optional<char32_t> find_hidden(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();)
    if (const auto c = next_code_point(text, at); is_hidden(c)) return c;
  return std::nullopt;
}

}  // namespace toolrack::registry
