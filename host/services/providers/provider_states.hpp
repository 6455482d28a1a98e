/// What is known of the upstream services right now: a circuit breaker each, and how they have answered lately.
///
/// Whoever asks a provider tells what came of it; whoever has several to choose from reads. Threads: any. An entry is
/// made when a provider is first asked for, and stays; reading and telling take no lock but the one that finds it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"

namespace toolrack::services::providers {

/// kHalfOpen: the pause is over, and one request finds out whether the provider is back.
enum class Breaker : std::uint8_t { kClosed, kHalfOpen, kOpen };

std::string_view to_string(Breaker breaker) noexcept;

/// One provider at one moment.
struct ProviderFigures {
  std::string slug;
  Breaker breaker = Breaker::kClosed;
  std::chrono::nanoseconds until_probe{0};  ///< 0 unless kOpen.
  std::uint64_t answered = 0, failed = 0;   ///< Since the start.
  /// Of the last few dozen, newer ones count more; empty before the first.
  std::optional<double> failure_share;
  std::optional<std::chrono::nanoseconds> latency;  ///< Of what was answered, likewise.
  std::optional<double> bytes_per_second;           ///< Of answers, likewise.
};

/// One provider. Owner: ProviderStates.
class ProviderState {
 public:
  struct Settings {
    std::uint32_t failures = 4;  ///< In a row, to open.
    std::chrono::nanoseconds open_for = std::chrono::seconds(45);
  };
  ProviderState(std::string slug, const Settings& settings, base::Metrics& metrics);

  const std::string& slug() const noexcept { return slug_; }
  Breaker breaker(std::int64_t now_ns) const noexcept;
  /// May it be asked? While open, no. After the pause one asker is let through; he tells what came of it, or the next
  /// one is let through after another pause.
  bool admit(std::int64_t now_ns) noexcept;

  /// It answered, `bytes` after `latency`. A refusal of the input is an answer too.
  void note_answer(std::int64_t latency_ns, std::uint64_t bytes) noexcept;
  /// It did not answer, or said that it cannot serve anybody now.
  void note_failure(std::int64_t now_ns) noexcept;

  ProviderFigures figures(std::int64_t now_ns) const;

 private:
  void average(std::atomic<std::int64_t>& value, std::int64_t sample) noexcept;

  const std::string slug_;
  const Settings settings_;
  base::Counter& opened_;
  base::Gauge& is_open_;
  std::atomic<std::uint32_t> failures_in_a_row_{0};
  std::atomic<std::int64_t> closed_until_ns_{
      0};  ///< Monotonic: when the next one may ask; 0 while the breaker is closed.
  std::atomic<std::uint64_t> answered_{0}, failed_{0};
  // Moving averages; negative before the first sample. A lost update among threads does not matter.
  std::atomic<std::int64_t> failure_millionths_{-1}, latency_ns_{-1}, bytes_per_second_{-1};
};

/// All of them. Owner: the application's wiring; outlives sources and call path.
class ProviderStates {
 public:
  ProviderStates(const base::Clock& clock, base::Metrics& metrics, ProviderState::Settings settings = {})
      : clock_(clock), metrics_(metrics), settings_(settings) {}

  /// The provider of that slug, the same object every time.
  ProviderState& of(std::string_view slug);
  /// What there is to tell of one; empty figures when nobody has asked it yet.
  ProviderFigures figures(std::string_view slug) const;
  /// Slugs of those whose breaker is not closed.
  std::vector<std::string> paused() const;
  std::int64_t now_ns() const noexcept { return clock_.monotonic_ns(); }

 private:
  const base::Clock& clock_;
  base::Metrics& metrics_;
  const ProviderState::Settings settings_;
  mutable base::Mutex mutex_;
  std::map<std::string, std::unique_ptr<ProviderState>, std::less<>> states_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::services::providers
