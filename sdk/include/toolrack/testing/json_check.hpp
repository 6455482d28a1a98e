/// Is this text UTF-8, is it one JSON document? For tests; the host checks the same of every plugin.
#pragma once

#include <cctype>
#include <string_view>

namespace toolrack::testing {

/// No overlong forms, no surrogates, nothing above U+10FFFF.
inline bool is_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  while (i < text.size()) {
    const unsigned char lead = byte(i);
    const std::size_t more = lead < 0x80                   ? 0
                             : lead >= 0xc2 && lead < 0xe0 ? 1
                             : lead >= 0xe0 && lead < 0xf0 ? 2
                             : lead >= 0xf0 && lead < 0xf5 ? 3
                                                           : 9;
    if (more == 9 || text.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    }
    if (more != 0) {
      const unsigned char second = byte(i + 1);
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) || (lead == 0xf0 && second < 0x90) ||
          (lead == 0xf4 && second >= 0x90)) {
        return false;
      }
    }
    i += more + 1;
  }
  return true;
}

/// Recognizes RFC 8259 documents at most 64 levels deep.
class JsonCheck {
 public:
  static bool is_json(std::string_view text) noexcept {
    if (!is_utf8(text)) return false;
    JsonCheck check(text);
    check.space();
    if (!check.value(0)) return false;
    check.space();
    return check.rest_.empty();
  }

 private:
  explicit JsonCheck(std::string_view text) noexcept : rest_(text) {}

  bool take(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) noexcept {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void space() noexcept {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }
  bool digits() noexcept {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0) rest_.remove_prefix(1);
    return rest_.size() != before;
  }
  bool number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }
  bool string() noexcept {
    if (!take('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') continue;
      if (take('u')) {
        for (int i = 0; i < 4; ++i) {
          if (rest_.empty() || std::isxdigit(static_cast<unsigned char>(rest_.front())) == 0) return false;
          rest_.remove_prefix(1);
        }
      } else {
        if (rest_.empty() || std::string_view("\"\\/bfnrt").find(rest_.front()) == std::string_view::npos) return false;
        rest_.remove_prefix(1);
      }
    }
    return false;
  }
  bool value(int depth) noexcept {
    if (depth > 64 || rest_.empty()) return false;
    if (rest_.front() == '"') return string();
    if (take('{')) return members('}', depth);
    if (take('[')) return members(']', depth);
    return take("true") || take("false") || take("null") || number();
  }
  /// What follows an opening bracket.
  bool members(char end, int depth) noexcept {
    space();
    if (take(end)) return true;
    do {
      space();
      if (end == '}') {
        if (!string()) return false;
        space();
        if (!take(':')) return false;
        space();
      }
      if (!value(depth + 1)) return false;
      space();
    } while (take(','));
    return take(end);
  }

  std::string_view rest_;
};

inline bool is_json(std::string_view text) noexcept { return JsonCheck::is_json(text); }

}  // namespace toolrack::testing
