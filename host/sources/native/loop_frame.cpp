#include "sources/native/loop_frame.hpp"

#include <sys/resource.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <ctime>

#include <chrono>

namespace toolrack::sources::native {
namespace {

/// What `mode: inline` promises.
constexpr std::int64_t kPromiseNs = 1'000'000;
constexpr std::uint32_t kOverrunsAllowed = 3;
/// After one that looks too long, in frames.
constexpr std::uint32_t kWatchedFrames = 200;

std::int64_t now_ns() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// Grows by at least 1 a nanosecond, so that fewer than kPromiseNs of it are less than the promise, whatever its rate:
/// no 64-bit x86 processor counts slower than 1 GHz. A third of a clock's price.
std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(now_ns());
#endif
}

}  // namespace

ThreadUse ThreadUse::now() noexcept {
  // Neither can fail with these arguments. The times of getrusage are too coarse: they grow by the kernel's ticks.
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  timespec cpu{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return {.cpu_ns = cpu.tv_sec * 1'000'000'000 + cpu.tv_nsec, .waits = usage.ru_nvcsw, .wall_ns = now_ns()};
}

void LoopFrames::Frame::begin(const LoopFrames& skill) noexcept {
  is_timed_ = true;
  if (skill.watched_.load(std::memory_order_relaxed) != 0) before_ = ThreadUse::now();
  began_ = ticks();
}

std::optional<std::int64_t> LoopFrames::end(const Frame& frame) noexcept {
  // Counters of two processors may differ: a frame that seems to have ended before it began is looked at as well.
  if (ticks() - frame.began_ <= kPromiseNs) {
    // Loops may race here; a frame more or less does not matter.
    if (const auto left = watched_.load(std::memory_order_relaxed); left != 0)
      watched_.store(left - 1, std::memory_order_relaxed);
    return std::nullopt;
  }
  watched_.store(kWatchedFrames, std::memory_order_relaxed);
  if (!frame.before_) return std::nullopt;
  const auto after = ThreadUse::now();
  const auto duration_ns = after.wall_ns - frame.before_->wall_ns;
  if (duration_ns <= kPromiseNs) return std::nullopt;
  const bool was_slow = after.cpu_ns - frame.before_->cpu_ns > kPromiseNs || after.waits != frame.before_->waits;
  if (!was_slow) return std::nullopt;  // It only had to wait for a processor.
  if (overruns_.fetch_add(1, std::memory_order_relaxed) + 1 != kOverrunsAllowed) return std::nullopt;
  return duration_ns;
}

}  // namespace toolrack::sources::native
