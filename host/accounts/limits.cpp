#include "accounts/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace toolrack::accounts {
namespace {

constexpr std::uint64_t kMinuteNs = 60'000'000'000;
constexpr std::uint64_t kHourNs = 3'600'000'000'000;
/// 20 bits a count: limits above it are held to it.
constexpr std::uint32_t kMaxCount = (1u << 20) - 1;

/// A window's word, taken apart: 24 bits of window number (31 years of minutes), 20 of each count.
struct Counts {
  std::uint64_t number, count, previous;

  static Counts unpack(std::uint64_t word) noexcept { return {word >> 40, (word >> 20) & kMaxCount, word & kMaxCount}; }
  std::uint64_t pack() const noexcept { return number << 40 | count << 20 | previous; }

  /// As of `now`; a caller whose clock reading is older than the last one's counts as the window's first moment.
  Counts at(std::uint64_t now) const noexcept {
    if (now <= number) return *this;
    return {now, 0, now == number + 1 ? count : 0};
  }
};

/// One window at one moment: how much of it is used, in count × nanoseconds, so that nothing is rounded.
struct View {
  Counts counts;
  std::uint64_t elapsed;  ///< Since the window began.
  std::uint64_t length;

  static View of(std::uint64_t word, std::uint64_t now_ns, std::uint64_t length) noexcept {
    const auto stored = Counts::unpack(word);
    const auto counts = stored.at(now_ns / length);
    return {counts, counts.number == now_ns / length ? now_ns % length : 0, length};
  }
  std::uint64_t used() const noexcept { return counts.previous * (length - elapsed) + counts.count * length; }
  bool has_room(std::uint32_t limit) const noexcept { return used() + length <= limit * length; }

  /// Nanoseconds until no more than `target` calls count.
  std::uint64_t until_at_most(std::uint64_t target) const noexcept {
    if (used() <= target * length) return 0;
    if (counts.count <= target) {  // The window before has yet to fade.
      const auto fades_at = length - (target - counts.count) * length / counts.previous;
      return fades_at > elapsed ? fades_at - elapsed : 0;
    }
    // This window must end, and then fade in its turn.
    return length - elapsed + (length - target * length / counts.count);
  }
};

std::int64_t to_seconds(std::uint64_t ns) noexcept {
  return static_cast<std::int64_t>((ns + 999'999'999) / 1'000'000'000);
}

struct Taken {
  std::uint64_t wait_ns = 0;  ///< 0: taken. Else until there is room again.
  std::uint64_t number = 0;   ///< Of the window it was taken from.
};

Taken take(std::atomic<std::uint64_t>& word, std::uint64_t now_ns, std::uint64_t length, std::uint32_t limit) noexcept {
  auto seen = word.load(std::memory_order_relaxed);
  for (;;) {
    auto view = View::of(seen, now_ns, length);
    if (!view.has_room(limit))
      return {.wait_ns = std::max<std::uint64_t>(1, view.until_at_most(limit - 1)), .number = 0};
    ++view.counts.count;
    if (word.compare_exchange_weak(seen, view.counts.pack(), std::memory_order_relaxed))
      return {.wait_ns = 0, .number = view.counts.number};
  }
}

/// Gives back what was taken from window `number`, wherever it counts by now.
void give_back(std::atomic<std::uint64_t>& word, std::uint64_t number) noexcept {
  auto seen = word.load(std::memory_order_relaxed);
  for (;;) {
    auto counts = Counts::unpack(seen);
    if (counts.number == number)
      --counts.count;
    else if (counts.number == number + 1)
      --counts.previous;
    else
      return;
    if (word.compare_exchange_weak(seen, counts.pack(), std::memory_order_relaxed)) return;
  }
}

base::Error rate_limited(std::uint32_t limit, std::string_view window, std::uint64_t wait_ns) {
  return base::Error(base::ErrorCode::kRateLimited,
                     fmt::format("The key's limit of {} calls per {} is used up; there is room again in {} s.", limit,
                                 window, to_seconds(wait_ns)))
      .with_retry_after(std::chrono::nanoseconds(wait_ns));
}

}  // namespace

KeyLimits::KeyLimits(LimitSettings settings)
    : settings_{.per_minute = std::min(settings.per_minute, kMaxCount),
                .per_hour = std::min(settings.per_hour, kMaxCount),
                .concurrent = settings.concurrent} {}

base::Result<void> KeyLimits::enter(std::int64_t monotonic_ns) {
  const auto now = static_cast<std::uint64_t>(monotonic_ns);
  const auto running = running_.fetch_add(1, std::memory_order_relaxed);
  if (settings_.concurrent != 0 && running >= settings_.concurrent) {
    leave();
    return base::fail(base::ErrorCode::kTooManyConcurrent,
                      fmt::format("The key has {} calls running already, which is its limit.", settings_.concurrent));
  }
  Taken minute, hour;
  if (settings_.per_minute != 0) minute = take(minute_.word, now, kMinuteNs, settings_.per_minute);
  if (settings_.per_hour != 0 && minute.wait_ns == 0) hour = take(hour_.word, now, kHourNs, settings_.per_hour);
  if (minute.wait_ns == 0 && hour.wait_ns == 0) return {};
  leave();
  if (minute.wait_ns != 0) return tl::unexpected(rate_limited(settings_.per_minute, "minute", minute.wait_ns));
  if (settings_.per_minute != 0) give_back(minute_.word, minute.number);
  return tl::unexpected(rate_limited(settings_.per_hour, "hour", hour.wait_ns));
}

LimitState KeyLimits::state(std::int64_t monotonic_ns) const noexcept {
  LimitState tightest{.limit = 0, .remaining = std::numeric_limits<std::uint32_t>::max(), .reset_seconds = 0};
  const auto look = [&](const Window& window, std::uint64_t length, std::uint32_t limit) {
    if (limit == 0) return;
    const auto view =
        View::of(window.word.load(std::memory_order_relaxed), static_cast<std::uint64_t>(monotonic_ns), length);
    const auto used = (view.used() + length - 1) / length;  // A call that fades still counts as a whole one.
    const auto remaining = used >= limit ? 0 : static_cast<std::uint32_t>(limit - used);
    if (remaining >= tightest.remaining) return;
    const auto wait = remaining == limit ? 0 : view.until_at_most(limit - remaining - 1);
    tightest = {.limit = limit, .remaining = remaining, .reset_seconds = to_seconds(wait)};
  };
  look(minute_, kMinuteNs, settings_.per_minute);
  look(hour_, kHourNs, settings_.per_hour);
  if (tightest.limit == 0) tightest.remaining = 0;
  return tightest;
}

}  // namespace toolrack::accounts
