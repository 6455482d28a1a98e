/// A version that some of a tool's callers are shown in place of the usual one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::registry {

/// Who is shown it: a share of all keys, and those that are named.
struct Canary {
  static constexpr std::uint32_t kWhole = 10'000;

  std::string version;
  std::uint32_t share = 0;        ///< Of kWhole.
  std::vector<std::string> keys;  ///< Ids.

  /// Is the caller with that key shown it? A key keeps its side for as long as the share does not shrink or grow past
  /// it; another version divides the keys anew, so that it is not always the same who try. `seed` is
  /// seed_of(tool's id, version). Pure; no allocation.
  bool is_shown_to(std::string_view key, std::uint64_t seed) const noexcept;
  /// Of a number from 0 to 100; whatever is above zero is not nothing.
  static std::uint32_t share_of(double percent) noexcept;
  static std::uint64_t seed_of(std::string_view id, std::string_view version) noexcept;

  bool operator==(const Canary&) const = default;
};

}  // namespace toolrack::registry
