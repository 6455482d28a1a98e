/// How the calls of one version of a tool have ended, counted so that loops share no cache line.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace toolrack::registry {

struct Tool;

struct OutcomeCounts {
  std::uint64_t calls = 0, errors = 0;

  OutcomeCounts operator-(const OutcomeCounts& other) const noexcept {
    return {.calls = calls - other.calls, .errors = errors - other.errors};
  }
  OutcomeCounts operator+(const OutcomeCounts& other) const noexcept {
    return {.calls = calls + other.calls, .errors = errors + other.errors};
  }
  bool operator==(const OutcomeCounts&) const = default;
};

/// Shared by the catalogues that offer the version. What counts as an error is for the call path to say.
class OutcomeTally {
 public:
  explicit OutcomeTally(std::size_t loops) : slots_(std::make_unique<Slot[]>(loops)), loops_(loops) {}

  /// On the loop with that index only, which has this slot for itself.
  void count(std::size_t loop, bool is_error) noexcept {
    auto& slot = slots_[loop];
    add_one(slot.calls);
    if (is_error) add_one(slot.errors);
  }

  /// Any thread; calls that end meanwhile may be in it or not.
  OutcomeCounts counts() const noexcept {
    OutcomeCounts sum;
    for (std::size_t i = 0; i < loops_; ++i) {
      // In this order an error is never counted without its call.
      sum.errors += slots_[i].errors.load(std::memory_order_acquire);
      sum.calls += slots_[i].calls.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> calls{0}, errors{0};
  };
  static void add_one(std::atomic<std::uint64_t>& number) noexcept {
    number.store(number.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  std::unique_ptr<Slot[]> slots_;
  std::size_t loops_;
};

using OutcomeTallies = std::unordered_map<const Tool*, std::shared_ptr<OutcomeTally>>;

}  // namespace toolrack::registry
