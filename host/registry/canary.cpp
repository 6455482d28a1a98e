#include "registry/canary.hpp"

#include <algorithm>
#include <cmath>

namespace toolrack::registry {
namespace {

constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325;

std::uint64_t fnv(std::string_view text, std::uint64_t hash) noexcept {
  for (const auto c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// FNV leaves keys that differ at their end near each other (murmur3's finalizer parts them).
std::uint64_t spread(std::uint64_t x) noexcept {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 33);
}

}  // namespace

bool Canary::is_shown_to(std::string_view key, std::uint64_t seed) const noexcept {
  if (spread(fnv(key, seed)) % kWhole < share) return true;
  return std::ranges::find(keys, key) != keys.end();
}

std::uint32_t Canary::share_of(double percent) noexcept {
  if (!(percent > 0)) return 0;
  return static_cast<std::uint32_t>(std::clamp(std::round(percent * kWhole / 100), 1.0, double{kWhole}));
}

std::uint64_t Canary::seed_of(std::string_view id, std::string_view version) noexcept {
  return fnv(version, fnv("@", fnv(id, kFnvOffset)));
}

}  // namespace toolrack::registry
