/// Text that travels through clients and comes back as it went: only who holds the key can have written it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::mcp {

using SealingKey = std::array<unsigned char, 32>;

/// base64url. `purpose` keeps texts for one use from being accepted in another.
std::string seal(const SealingKey& key, std::string_view purpose, std::string_view plain);
/// Nothing for what was not sealed with this key for this purpose.
std::optional<std::string> unseal(const SealingKey& key, std::string_view purpose, std::string_view sealed);

}  // namespace toolrack::mcp
