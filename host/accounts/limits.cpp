#include "accounts/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace toolrack::accounts {
namespace {

// Times are microseconds: a full count times an hour fits 64 bits.
constexpr std::uint64_t kMinute = 60'000'000;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr unsigned kCountBits = 24;
constexpr std::uint32_t kMaxCount = (1u << kCountBits) - 1;
static_assert(kMaxCount == kMaxWindowCalls);
constexpr std::uint32_t kMaxPlaces = (1u << 16) - 1;

/// Which window of its length a moment is in, as far as 16 bits tell; they come round after 45 days of minutes. A key
/// that was not used for just that long finds its old count for one window: a limit's worth, no more.
using Number = std::uint16_t;

Number number_at(std::uint64_t now, std::uint64_t length) noexcept { return static_cast<Number>(now / length); }

/// A window's word, taken apart: 16 bits of window number, 24 of each count.
struct Counts {
  Number number;
  std::uint64_t count, previous;

  static Counts unpack(std::uint64_t word) noexcept {
    return {static_cast<Number>(word >> (2 * kCountBits)), word >> kCountBits & kMaxCount, word & kMaxCount};
  }
  std::uint64_t pack() const noexcept {
    return std::uint64_t{number} << (2 * kCountBits) | count << kCountBits | previous;
  }

  /// As of window `now`; a caller whose clock reading is a little older than the last one's counts as the window's
  /// first moment.
  Counts at(Number now) const noexcept {
    constexpr Number kOlder = 4;
    if (static_cast<Number>(number - now) < kOlder) return *this;
    return {now, 0, now == static_cast<Number>(number + 1) ? count : 0};
  }
};

/// One window at one moment: how much of it is used, in count × time, so that nothing is rounded.
struct View {
  Counts counts;
  std::uint64_t elapsed;  ///< Since the window began.
  std::uint64_t length;

  static View of(std::uint64_t word, std::uint64_t now, std::uint64_t length) noexcept {
    const auto number = number_at(now, length);
    const auto counts = Counts::unpack(word).at(number);
    return {counts, counts.number == number ? now % length : 0, length};
  }
  std::uint64_t used() const noexcept { return counts.previous * (length - elapsed) + counts.count * length; }
  bool has_room(std::uint32_t limit) const noexcept { return used() + length <= limit * length; }

  /// Time until no more than `target` calls count.
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

std::uint64_t to_microseconds(std::int64_t monotonic_ns) noexcept {
  return static_cast<std::uint64_t>(monotonic_ns) / 1'000;
}

std::int64_t to_seconds(std::uint64_t time) noexcept { return static_cast<std::int64_t>((time + 999'999) / 1'000'000); }

struct Taken {
  std::uint64_t wait = 0;  ///< 0: taken. Else until there is room again.
  Number number = 0;       ///< Of the window it was taken from.
};

Taken take(std::atomic<std::uint64_t>& word, std::uint64_t now, std::uint64_t length, std::uint32_t limit) noexcept {
  auto seen = word.load(std::memory_order_relaxed);
  for (;;) {
    auto view = View::of(seen, now, length);
    if (!view.has_room(limit)) return {.wait = std::max<std::uint64_t>(1, view.until_at_most(limit - 1)), .number = 0};
    ++view.counts.count;
    if (word.compare_exchange_weak(seen, view.counts.pack(), std::memory_order_relaxed))
      return {.wait = 0, .number = view.counts.number};
  }
}

/// Gives back what was taken from window `number`, wherever it counts by now.
void give_back(std::atomic<std::uint64_t>& word, Number number) noexcept {
  auto seen = word.load(std::memory_order_relaxed);
  for (;;) {
    auto counts = Counts::unpack(seen);
    if (counts.number == number)
      --counts.count;
    else if (counts.number == static_cast<Number>(number + 1))
      --counts.previous;
    else
      return;
    if (word.compare_exchange_weak(seen, counts.pack(), std::memory_order_relaxed)) return;
  }
}

base::Error rate_limited(std::uint32_t limit, std::string_view window, std::uint64_t wait) {
  return base::Error(base::ErrorCode::kRateLimited,
                     fmt::format("The key's limit of {} calls per {} is used up; there is room again in {} s.", limit,
                                 window, to_seconds(wait)))
      .with_retry_after(std::chrono::microseconds(wait));
}

}  // namespace

void KeyLimits::set(LimitSettings settings) noexcept {
  const std::uint64_t minute = std::min(settings.per_minute, kMaxCount), hour = std::min(settings.per_hour, kMaxCount);
  settings_.store(minute << 40 | hour << 16 | std::min(settings.concurrent, kMaxPlaces), std::memory_order_relaxed);
}

LimitSettings KeyLimits::settings() const noexcept {
  const auto word = settings_.load(std::memory_order_relaxed);
  return {.per_minute = static_cast<std::uint32_t>(word >> 40),
          .per_hour = static_cast<std::uint32_t>(word >> 16) & kMaxCount,
          .concurrent = static_cast<std::uint32_t>(word) & kMaxPlaces};
}

base::Result<void> KeyLimits::enter(std::int64_t monotonic_ns) {
  const auto now = to_microseconds(monotonic_ns);
  const auto limits = settings();
  const auto running = running_.fetch_add(1, std::memory_order_relaxed);
  if (limits.concurrent != 0 && running >= limits.concurrent) {
    leave();
    return base::fail(base::ErrorCode::kTooManyConcurrent,
                      fmt::format("The key has {} calls running already, which is its limit.", limits.concurrent));
  }
  Taken minute, hour;
  if (limits.per_minute != 0) minute = take(minute_.word, now, kMinute, limits.per_minute);
  if (limits.per_hour != 0 && minute.wait == 0) hour = take(hour_.word, now, kHour, limits.per_hour);
  if (minute.wait == 0 && hour.wait == 0) return {};
  leave();
  if (minute.wait != 0) return tl::unexpected(rate_limited(limits.per_minute, "minute", minute.wait));
  if (limits.per_minute != 0) give_back(minute_.word, minute.number);
  return tl::unexpected(rate_limited(limits.per_hour, "hour", hour.wait));
}

LimitState KeyLimits::state(std::int64_t monotonic_ns) const noexcept {
  LimitState tightest{.limit = 0, .remaining = std::numeric_limits<std::uint32_t>::max(), .reset_seconds = 0};
  const auto now = to_microseconds(monotonic_ns);
  const auto look = [&](const Window& window, std::uint64_t length, std::uint32_t limit) {
    if (limit == 0) return;
    const auto view = View::of(window.word.load(std::memory_order_relaxed), now, length);
    const auto used = (view.used() + length - 1) / length;  // A call that fades still counts as a whole one.
    const auto remaining = used >= limit ? 0 : static_cast<std::uint32_t>(limit - used);
    if (remaining >= tightest.remaining) return;
    const auto wait = remaining == limit ? 0 : view.until_at_most(limit - remaining - 1);
    tightest = {.limit = limit, .remaining = remaining, .reset_seconds = to_seconds(wait)};
  };
  const auto limits = settings();
  look(minute_, kMinute, limits.per_minute);
  look(hour_, kHour, limits.per_hour);
  if (tightest.limit == 0) tightest.remaining = 0;
  return tightest;
}

}  // namespace toolrack::accounts
