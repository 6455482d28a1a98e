#include "services/providers/provider_states.hpp"

#include <algorithm>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::services::providers {
namespace {

/// The weight of a new sample: the last dozen or two decide.
constexpr std::int64_t kWeight = 8;
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kUnknown = -1;

std::optional<double> share_of(std::int64_t millionths) {
  if (millionths < 0) return std::nullopt;
  return static_cast<double>(millionths) / static_cast<double>(kMillion);
}

}  // namespace

std::string_view to_string(Breaker breaker) noexcept {
  switch (breaker) {
    case Breaker::kClosed:
      return "closed";
    case Breaker::kHalfOpen:
      return "half_open";
    case Breaker::kOpen:
      break;
  }
  return "open";
}

ProviderState::ProviderState(std::string slug, const Settings& settings, base::Metrics& metrics)
    : slug_(std::move(slug)),
      settings_(settings),
      opened_(metrics.counter("toolrack_provider_breaker_opened_total",
                              "How often a provider was given a pause because it failed.", {{"provider", slug_}})),
      is_open_(metrics.gauge("toolrack_provider_breaker_open", "1 while a provider is given a pause.",
                             {{"provider", slug_}})) {}

Breaker ProviderState::breaker(std::int64_t now_ns) const noexcept {
  const auto until = closed_until_ns_.load(std::memory_order_relaxed);
  if (until == 0) return Breaker::kClosed;
  return now_ns < until ? Breaker::kOpen : Breaker::kHalfOpen;
}

bool ProviderState::admit(std::int64_t now_ns) noexcept {
  auto until = closed_until_ns_.load(std::memory_order_relaxed);
  if (until == 0) return true;
  if (now_ns < until) return false;
  // One of those who see the pause end takes it on himself to ask, and the others wait for another pause.
  return closed_until_ns_.compare_exchange_strong(until, now_ns + settings_.open_for.count(),
                                                  std::memory_order_relaxed);
}

void ProviderState::note_answer(std::int64_t latency_ns, std::uint64_t bytes) noexcept {
  answered_.fetch_add(1, std::memory_order_relaxed);
  failures_in_a_row_.store(0, std::memory_order_relaxed);
  if (closed_until_ns_.exchange(0, std::memory_order_relaxed) != 0) {
    is_open_.set(0);
    log::write(log::Level::kNotice, "a provider answers again", {{"provider", slug_}});
  }
  latency_ns = std::max<std::int64_t>(latency_ns, 1);
  average(failure_millionths_, 0);
  average(latency_ns_, latency_ns);
  average(bytes_per_second_,
          static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(latency_ns)));
}

void ProviderState::note_failure(std::int64_t now_ns) noexcept {
  failed_.fetch_add(1, std::memory_order_relaxed);
  auto unknown = kUnknown;  // The first failure is not the whole truth.
  failure_millionths_.compare_exchange_strong(unknown, 0, std::memory_order_relaxed);
  average(failure_millionths_, kMillion);
  if (failures_in_a_row_.fetch_add(1, std::memory_order_relaxed) + 1 < settings_.failures) return;
  if (closed_until_ns_.exchange(now_ns + settings_.open_for.count(), std::memory_order_relaxed) != 0) return;
  opened_.add();
  is_open_.set(1);
  log::write(
      log::Level::kWarning, "a provider fails again and again: it is given a pause",
      {{"provider", slug_}, {"seconds", std::chrono::duration_cast<std::chrono::seconds>(settings_.open_for).count()}});
}

void ProviderState::average(std::atomic<std::int64_t>& value, std::int64_t sample) noexcept {
  const auto before = value.load(std::memory_order_relaxed);
  value.store(before < 0 ? sample : before + (sample - before) / kWeight, std::memory_order_relaxed);
}

ProviderFigures ProviderState::figures(std::int64_t now_ns) const {
  ProviderFigures out;
  out.slug = slug_;
  out.breaker = breaker(now_ns);
  if (out.breaker == Breaker::kOpen)
    out.until_probe = std::chrono::nanoseconds(closed_until_ns_.load(std::memory_order_relaxed) - now_ns);
  out.answered = answered_.load(std::memory_order_relaxed);
  out.failed = failed_.load(std::memory_order_relaxed);
  out.failure_share = share_of(failure_millionths_.load(std::memory_order_relaxed));
  if (const auto latency = latency_ns_.load(std::memory_order_relaxed); latency >= 0)
    out.latency = std::chrono::nanoseconds(latency);
  if (const auto rate = bytes_per_second_.load(std::memory_order_relaxed); rate >= 0)
    out.bytes_per_second = static_cast<double>(rate);
  return out;
}

ProviderState& ProviderStates::of(std::string_view slug) {
  base::Lock lock(mutex_);
  const auto found = states_.find(slug);
  if (found != states_.end()) return *found->second;
  auto made = std::make_unique<ProviderState>(std::string(slug), settings_, metrics_);
  return *states_.emplace(slug, std::move(made)).first->second;
}

ProviderFigures ProviderStates::figures(std::string_view slug) const {
  base::Lock lock(mutex_);
  const auto found = states_.find(slug);
  if (found != states_.end()) return found->second->figures(clock_.monotonic_ns());
  ProviderFigures none;
  none.slug = slug;
  return none;
}

std::vector<std::string> ProviderStates::paused() const {
  std::vector<std::string> out;
  base::Lock lock(mutex_);
  for (const auto& [slug, state] : states_)
    if (state->breaker(clock_.monotonic_ns()) != Breaker::kClosed) out.push_back(slug);
  return out;
}

}  // namespace toolrack::services::providers
