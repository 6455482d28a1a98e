#include "transports/net/media_type.hpp"

#include "transports/net/characters.hpp"
#include "transports/net/headers.hpp"

namespace toolrack::net {
namespace {

void skip_blanks(std::string_view& text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
}

bool skip(std::string_view& text, char wanted) noexcept {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

/// The token at the front, taken off; empty when there is none.
std::string_view take_token(std::string_view& text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && is_token(text[size])) ++size;
  const auto token = text.substr(0, size);
  text.remove_prefix(size);
  return token;
}

/// A token, or what stands in quotes with its escapes left in; taken off. False when there is neither.
bool take_value(std::string_view& text, std::string_view& value) noexcept {
  if (!skip(text, '"')) {
    value = take_token(text);
    return !value.empty();
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      value = text.substr(0, i);
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_utf8_json(std::string_view content_type) noexcept {
  auto rest = content_type;
  const auto type = take_token(rest);
  if (!skip(rest, '/')) return false;
  const auto subtype = take_token(rest);
  if (!equal_ignoring_case(type, "application") || !equal_ignoring_case(subtype, "json")) return false;
  bool has_charset = false;
  for (;;) {
    skip_blanks(rest);
    if (rest.empty()) return true;
    if (!skip(rest, ';')) return false;
    skip_blanks(rest);
    if (rest.empty() || rest.front() == ';') continue;  // An empty parameter means nothing.
    const auto name = take_token(rest);
    std::string_view value;
    if (name.empty() || !skip(rest, '=') || !take_value(rest, value)) return false;
    if (!equal_ignoring_case(name, "charset")) continue;
    if (has_charset || !equal_ignoring_case(value, "utf-8")) return false;
    has_charset = true;
  }
}

}  // namespace toolrack::net
