/// Semantic versions (semver.org 2.0.0), ordered.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::registry {

struct Semver {
  std::uint64_t major = 0, minor = 0, patch = 0;
  std::string pre;  ///< "rc.1" of 1.0.0-rc.1; build metadata is not kept, it has no rank.

  /// nullopt unless `text` is a semantic version whose numbers fit in 64 bits.
  static std::optional<Semver> parse(std::string_view text);
  bool is_stable() const noexcept { return pre.empty(); }

  friend std::strong_ordering operator<=>(const Semver& a, const Semver& b);
  friend bool operator==(const Semver& a, const Semver& b) { return (a <=> b) == 0; }
};

}  // namespace toolrack::registry
