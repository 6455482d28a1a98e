/// tr_str and std::string_view are the same thing in two languages.
#pragma once

#include <toolrack/abi.h>

#include <string_view>

#include "base/utf8.hpp"

namespace toolrack::sources::native {

inline std::string_view view(tr_str text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline tr_str to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }

/// What the ABI calls text: UTF-8 without 0 bytes.
inline bool is_text(std::string_view text) noexcept {
  return text.find('\0') == std::string_view::npos && base::is_utf8(text);
}
inline bool is_text(tr_str text) noexcept { return is_text(view(text)); }

}  // namespace toolrack::sources::native
