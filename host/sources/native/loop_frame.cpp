#include "sources/native/loop_frame.hpp"

#include <sys/resource.h>

#include <ctime>

#include <chrono>

namespace toolrack::sources::native {
namespace {

/// What `mode: inline` promises.
constexpr std::int64_t kPromiseNs = 1'000'000;
constexpr std::uint32_t kOverrunsAllowed = 3;
/// How long a suspicion lasts, in frames.
constexpr std::uint32_t kWatchedFrames = 1'000;

std::int64_t now_ns() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

ThreadUse ThreadUse::now() noexcept {
  // Neither can fail with these arguments. The times of getrusage are too coarse: they grow by the kernel's ticks.
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  timespec cpu{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return {.cpu_ns = cpu.tv_sec * 1'000'000'000 + cpu.tv_nsec, .waits = usage.ru_nvcsw};
}

LoopFrames::Frame::Frame(const LoopFrames& skill) noexcept {
  if (skill.suspicion_.load(std::memory_order_relaxed) != 0) [[unlikely]]
    before_ = ThreadUse::now();
  began_ns_ = now_ns();
}

std::optional<std::int64_t> LoopFrames::end(const Frame& frame) noexcept {
  const auto duration_ns = now_ns() - frame.began_ns_;
  if (duration_ns <= kPromiseNs) [[likely]] {
    // Loops may race here; a frame more or less under suspicion does not matter.
    if (const auto left = suspicion_.load(std::memory_order_relaxed); left != 0) [[unlikely]]
      suspicion_.store(left - 1, std::memory_order_relaxed);
    return std::nullopt;
  }
  suspicion_.store(kWatchedFrames, std::memory_order_relaxed);
  if (!frame.before_) return std::nullopt;
  const auto after = ThreadUse::now();
  const bool was_slow = after.cpu_ns - frame.before_->cpu_ns > kPromiseNs || after.waits != frame.before_->waits;
  if (!was_slow) return std::nullopt;  // It only had to wait for a processor.
  if (overruns_.fetch_add(1, std::memory_order_relaxed) + 1 != kOverrunsAllowed) return std::nullopt;
  return duration_ns;
}

}  // namespace toolrack::sources::native
