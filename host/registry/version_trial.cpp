#include "registry/version_trial.hpp"

#include <cmath>

namespace toolrack::registry {

double least_error_rate(const OutcomeCounts& counts) noexcept {
  if (counts.calls == 0) return 0;
  constexpr double kZ = 1.96;
  const auto n = static_cast<double>(counts.calls);
  const auto p = static_cast<double>(counts.errors) / n;
  const auto spread = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return (p + kZ * kZ / (2 * n) - spread) / (1 + kZ * kZ / n);
}

Verdict judge(const OutcomeCounts& newer, const OutcomeCounts& older, const TrialSettings& settings) noexcept {
  const auto older_rate = older.calls == 0 ? 0.0 : static_cast<double>(older.errors) / static_cast<double>(older.calls);
  if (newer.errors >= kLeastErrors && least_error_rate(newer) > older_rate + settings.margin) return Verdict::kFailed;
  return newer.calls >= settings.first_calls ? Verdict::kPassed : Verdict::kOpen;
}

}  // namespace toolrack::registry
