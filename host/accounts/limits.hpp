/// How often and how much at once: sliding windows per key, and durable logs for the classes of skills that must stay
/// rare.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "registry/tool.hpp"
#include "store/store.hpp"

namespace toolrack::accounts {

/// What a window can count; larger limits are held to it.
inline constexpr std::uint32_t kMaxWindowCalls = (1u << 24) - 1;

/// 0: no such limit. `concurrent` is held to 65,535.
struct LimitSettings {
  std::uint32_t per_minute = 60;
  std::uint32_t per_hour = 1'000;
  std::uint32_t concurrent = 5;
  bool operator==(const LimitSettings&) const = default;
};

/// What X-RateLimit-* say: the tightest window. All 0 when the key has no windows.
struct LimitState {
  std::uint32_t limit = 0, remaining = 0;
  std::int64_t reset_seconds = 0;  ///< From now until `remaining` grows again.
};

/// One key's windows (sliding-window counter: the last whole window weighs by how much of it still counts) and its
/// running calls. Threads: any, lock-free.
class KeyLimits {
 public:
  explicit KeyLimits(LimitSettings settings) { set(settings); }

  /// From the next `enter` on. What was counted goes on counting, so a change forgives nothing.
  void set(LimitSettings settings) noexcept;
  /// Takes one call from every window and one place. kRateLimited (with retry_after) or kTooManyConcurrent; nothing is
  /// taken then.
  base::Result<void> enter(std::int64_t monotonic_ns);
  /// Once for each `enter` that succeeded, when the call has ended.
  void leave() noexcept { running_.fetch_sub(1, std::memory_order_relaxed); }
  LimitState state(std::int64_t monotonic_ns) const noexcept;

 private:
  /// Window number, count in it and count in the one before, in one word.
  struct Window {
    std::atomic<std::uint64_t> word{0};
  };
  LimitSettings settings() const noexcept;
  std::atomic<std::uint64_t> settings_{0};  ///< In one word, so that nobody sees half of a change.
  Window minute_, hour_;
  std::atomic<std::uint32_t> running_{0};
};

/// `5/h`, `3/24h`: the times of the last N calls per class and owner, kept in the store so that a restart forgives
/// nothing.
class ClassLimits {
 public:
  ClassLimits(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}
  /// Records the call, durably, or refuses with kRateLimited, naming the class and when the next one may come. Waits
  /// for the commit: not on a loop.
  base::Result<void> enter(const registry::ClassLimit& limit, std::string_view owner);

 private:
  store::Store& store_;
  const base::Clock& clock_;
};

}  // namespace toolrack::accounts
