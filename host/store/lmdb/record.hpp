/// How documents lie in LMDB: one table, key = collection, 0, key; value = version, checksum, JSON.
///
/// The checksum covers the key too, so that a value which a fault moved to another key is found out. LMDB has none of
/// its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::store::lmdb {

/// 8 bytes of version and 4 of CRC-32, little-endian, before the JSON.
inline constexpr std::size_t kHeaderSize = 12;

struct Record {
  std::uint64_t version = 0;
  std::string_view json;  ///< Inside the bytes it was decoded from.
};

std::string full_key(std::string_view collection, std::string_view key);
/// Writes kHeaderSize + json.size() bytes to `out`.
void encode(char* out, std::string_view full_key, std::uint64_t version, std::string_view json) noexcept;
/// kStoreFailed, naming collection and key, when the bytes are not what was once encoded for this key.
base::Result<Record> decode(std::string_view full_key, std::string_view bytes);

}  // namespace toolrack::store::lmdb
