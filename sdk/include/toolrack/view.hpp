/// Text that somebody else owns, and the two ways across the C border.
#pragma once

#include <toolrack/abi.h>

#include <string>
#include <string_view>

namespace toolrack {

/// A std::string_view that also joins with `+` and turns into a std::string where one is wanted, so that
/// `"{\"a\":" + reply.body() + "}"` reads as one writes it. Borrowed: valid as long as what it was taken from.
class View : public std::string_view {
 public:
  constexpr View() noexcept = default;
  constexpr View(std::string_view text) noexcept : std::string_view(text) {}
  constexpr View(const char* text) noexcept : std::string_view(text) {}
  View(const std::string& text) noexcept : std::string_view(text) {}

  std::string str() const { return std::string(data(), size()); }
  operator std::string() const { return str(); }
};

inline std::string operator+(std::string left, View right) {
  return std::move(left.append(right.data(), right.size()));
}
inline std::string operator+(const char* left, View right) { return std::string(left) + right; }
inline std::string operator+(View left, const char* right) { return left.str().append(right); }
inline std::string operator+(View left, const std::string& right) { return left.str().append(right); }
inline std::string operator+(View left, char right) { return left.str().append(1, right); }
inline std::string operator+(View left, View right) { return left.str() + right; }

/// What a tr_str shows; empty when its data is NULL.
constexpr View view(tr_str text) noexcept {
  return text.data == nullptr ? View() : View(std::string_view(text.data, text.size));
}

/// Lends `text` to the C side for the length of one function call.
constexpr tr_str lend(std::string_view text) noexcept { return tr_str{text.data(), text.size()}; }

}  // namespace toolrack
