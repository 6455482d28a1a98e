/// Is a version that has just become the usual one, or is a canary, worse than the one before it? Pure.
#pragma once

#include <cstdint>

#include "registry/outcome_tally.hpp"

namespace toolrack::registry {

struct TrialSettings {
  bool rolls_back = true;
  std::uint64_t first_calls = 500;  ///< How many calls are judged.
  double margin = 0.05;             ///< Of errors per call that the newer one may have more.

  bool operator==(const TrialSettings&) const = default;
};

/// Fewer errors than these prove nothing.
inline constexpr std::uint64_t kLeastErrors = 5;

enum class Verdict : std::uint8_t { kOpen, kPassed, kFailed };

/// Failed: with at least kLeastErrors errors, and with 97.5 % of confidence, the newer one's rate of errors is above
/// the older one's and the margin. Passed: that is not so after `first_calls` of its calls. An older one without calls
/// is taken for one without errors.
Verdict judge(const OutcomeCounts& newer, const OutcomeCounts& older, const TrialSettings& settings) noexcept;

/// The lower end of Wilson's score interval (z = 1.96) for errors / calls; 0 without calls.
double least_error_rate(const OutcomeCounts& counts) noexcept;

}  // namespace toolrack::registry
