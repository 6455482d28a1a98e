/// Writes text as a JSON string. Reading JSON is left to the library of your choice.
#pragma once

#include <string>
#include <string_view>

namespace toolrack {

/// `text` in quotes, escaped; it must be UTF-8, as JSON itself demands.
inline std::string json_quote(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out.append("\\u00").append(1, kHex[(c >> 4) & 1]).append(1, kHex[c & 15]);
        } else {
          out += c;
        }
    }
  }
  out += '"';
  return out;
}

}  // namespace toolrack
