#include "services/log/escape.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace toolrack::services::log {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// C1 controls are two bytes in UTF-8: 0xC2 and 0x80 to 0x9F. Terminals obey some of them.
bool is_c1(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]) == 0xc2 && at + 1 < text.size() &&
         static_cast<unsigned char>(text[at + 1]) < 0xa0;
}

void append_code(fmt::memory_buffer& out, unsigned code) {
  switch (code) {
    case '\n':
      return out.append(std::string_view("\\n"));
    case '\r':
      return out.append(std::string_view("\\r"));
    case '\t':
      return out.append(std::string_view("\\t"));
    default:
      fmt::format_to(fmt::appender(out), "\\u{:04x}", code);
  }
}

/// `text` is UTF-8.
void append_valid(fmt::memory_buffer& out, std::string_view text, bool in_quotes) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) {
      append_code(out, byte);
    } else if (is_c1(text, i)) {
      append_code(out, static_cast<unsigned char>(text[++i]));
    } else {
      if (in_quotes && (byte == '"' || byte == '\\')) out.push_back('\\');
      out.push_back(text[i]);
    }
  }
}

void append(fmt::memory_buffer& out, std::string_view text, bool in_quotes) {
  while (!text.empty()) {
    const auto good = base::find_invalid_utf8(text);
    append_valid(out, text.substr(0, good), in_quotes);
    if (good == text.size()) return;
    out.append(kReplacement);
    text.remove_prefix(good + 1);
  }
}

}  // namespace

void append_json_string(fmt::memory_buffer& out, std::string_view text) {
  out.push_back('"');
  append(out, text, true);
  out.push_back('"');
}

void append_plain(fmt::memory_buffer& out, std::string_view text) { append(out, text, false); }

void append_word(fmt::memory_buffer& out, std::string_view text) {
  const bool is_word = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > 0x20 && c != 0x7f && c != '"' && c != '=' && c != '\\';
  });
  is_word ? append_plain(out, text) : append_json_string(out, text);
}

}  // namespace toolrack::services::log
