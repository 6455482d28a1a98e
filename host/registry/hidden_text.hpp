/// Characters that people do not see and models read: a way to tell a model what its user must not know.
#pragma once

#include <optional>
#include <string_view>

namespace toolrack::registry {

/// The first control character (but tab and line ends), bidirectional override or tag. `text` is UTF-8.
std::optional<char32_t> find_hidden(std::string_view text) noexcept;

}  // namespace toolrack::registry
