/// Finding the bytes that matter in JSON strings, eight at a time. Internal to base/.
///
/// RapidJSON has vector code for this (RAPIDJSON_SSE2), but its release 1.1.0 takes the control characters from 0x1a on
/// for ordinary ones.
#pragma once

#include <bit>
#include <cstdint>

namespace toolrack::base::json {

/// The high bit of each byte of `word` that is a quote, a backslash or a control character. Only the lowest such byte
/// is certain to be one: borrowing may set bits above it.
constexpr std::uint64_t special_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x80 * kOnes;
  const auto below = [&](std::uint64_t bytes, std::uint64_t limit) {
    return (bytes - limit * kOnes) & ~bytes & kHighs;
  };
  return below(word, 0x20) | below(word ^ '"' * kOnes, 1) | below(word ^ '\\' * kOnes, 1);
}

/// How many bytes in memory stand before the first special one of `word`, loaded from there; `special` is not 0.
constexpr int bytes_before(std::uint64_t special) noexcept { return std::countr_zero(special) / 8; }
static_assert(std::endian::native == std::endian::little, "the lowest byte must be the first one in memory");

}  // namespace toolrack::base::json
