/// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::base {

/// The offset of the first byte that is not part of a well-formed sequence; text.size() when all is well.
std::size_t find_invalid_utf8(std::string_view text) noexcept;
inline bool is_utf8(std::string_view text) noexcept { return find_invalid_utf8(text) == text.size(); }

/// `text` with U+FFFD for each byte that is not part of a well-formed sequence: for text that strangers sent and people
/// or JSON will read.
std::string replace_invalid_utf8(std::string_view text);

/// The longest prefix of at most `max_bytes` that does not cut a sequence. `text` is valid UTF-8.
std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes) noexcept;

}  // namespace toolrack::base
