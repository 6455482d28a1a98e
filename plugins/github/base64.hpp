/// Base64 as GitHub's API carries file contents, and what is text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::github {

std::string to_base64(std::string_view bytes);
/// Line ends inside are skipped, as GitHub wraps at 60 characters; nothing for other foreign characters.
std::optional<std::string> from_base64(std::string_view text);
/// Well-formed UTF-8 (no surrogates, nothing overlong), without NUL.
bool is_text(std::string_view bytes) noexcept;
/// The end of the last whole character within the first `most` bytes of UTF-8 text.
std::size_t cut_at(std::string_view text, std::size_t most) noexcept;

}  // namespace toolrack::github
