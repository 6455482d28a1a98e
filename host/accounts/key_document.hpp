/// A key as it lies in the store, and the text that its owner holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "accounts/keys.hpp"
#include "base/encoding.hpp"

namespace toolrack::accounts {

inline constexpr std::string_view kKeyPrefix = "tr_live_";
inline constexpr std::size_t kKeyIdSize = 16;
inline constexpr std::size_t kKeySecretSize = 48;

/// The id in a well-formed key, as a number; nullopt otherwise. Says nothing about whether there is such a key.
std::optional<std::uint64_t> key_id_of(std::string_view key) noexcept;
/// An id's 16 hex characters as a number.
std::optional<std::uint64_t> parse_key_id(std::string_view id) noexcept;

struct StoredKey {
  KeyInfo info;
  base::Sha256 digest{};  ///< Of the whole key.
};

std::string to_json(const StoredKey& key);
/// kStoreFailed, naming the id, when the document is not what to_json writes.
base::Result<StoredKey> key_from_json(std::string_view id, std::string_view json);

}  // namespace toolrack::accounts
