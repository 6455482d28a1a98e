#include "registry/json_text.hpp"

#include "base/json.hpp"

namespace toolrack::registry {
namespace {

/// Behind the string that begins at `at`.
std::size_t skip_string(std::string_view text, std::size_t at) noexcept {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at + 1;
}

/// Behind the value that begins at `at`.
std::size_t skip_value(std::string_view text, std::size_t at) noexcept {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;  // Of the container around a number or a word.
      if (--depth == 0) return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
    ++at;
  }
  return at;
}

/// Is `written`, a string with its quotes, the name `key`? Escapes are rare and cost a parse.
bool is_named(std::string_view written, std::string_view key) {
  if (written.find('\\') == std::string_view::npos) return written.substr(1, written.size() - 2) == key;
  const auto name = base::json::parse(written);
  return name && name->IsString() && base::json::view(*name) == key;
}

}  // namespace

std::string compact(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '"') {
      const auto end = skip_string(json, at);
      out += json.substr(at, end - at);
      at = end;
      continue;
    }
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') out += c;
    ++at;
  }
  return out;
}

std::string_view member_text(std::string_view object, std::string_view key) {
  for (std::size_t at = 1; at < object.size() && object[at] == '"';) {
    const auto key_end = skip_string(object, at);
    const auto value = key_end + 1;  // Behind the colon.
    const auto end = skip_value(object, value);
    if (is_named(object.substr(at, key_end - at), key)) return object.substr(value, end - value);
    at = end + 1;  // Behind the comma or the brace.
  }
  return {};
}

std::vector<std::string_view> item_texts(std::string_view array) {
  std::vector<std::string_view> out;
  for (std::size_t at = 1; at < array.size() && array[at] != ']';) {
    const auto end = skip_value(array, at);
    out.push_back(array.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace toolrack::registry
