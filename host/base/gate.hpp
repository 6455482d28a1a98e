/// Counts who is inside something that must not go away, and tells when the last one has left (after seastar's gate).
///
/// Threads: every function from any thread. `close` once.
#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>
#include <functional>
#include <utility>

namespace toolrack::base {

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { assert((state_.load() & ~kClosed) == 0 && "somebody is still inside"); }

  /// False when the gate is closed: do not go in.
  [[nodiscard]] bool try_enter() noexcept {
    if ((state_.fetch_add(1, std::memory_order_acquire) & kClosed) == 0) return true;
    leave();
    return false;
  }

  /// For somebody who is inside: counts once more, also after `close`.
  void enter_again() noexcept { state_.fetch_add(1, std::memory_order_relaxed); }

  /// The last one to leave a closed gate runs what `close` was given.
  void leave() noexcept {
    if (state_.fetch_sub(1, std::memory_order_acq_rel) == (kClosed | 1) && !told_.exchange(true)) on_empty_();
  }

  /// Lets nobody in any more. `on_empty` runs once, in the thread of the last one to leave, or here when nobody is
  /// inside.
  void close(std::function<void()> on_empty) {
    on_empty_ = std::move(on_empty);
    state_.fetch_add(1, std::memory_order_relaxed);  // We are inside, so that leave() below settles who tells.
    state_.fetch_or(kClosed, std::memory_order_acq_rel);
    leave();
  }

  bool is_closed() const noexcept { return (state_.load(std::memory_order_acquire) & kClosed) != 0; }
  /// How many are inside; a figure for people, stale when it is read.
  std::uint64_t inside() const noexcept { return state_.load(std::memory_order_relaxed) & ~kClosed; }

 private:
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;
  std::atomic<std::uint64_t> state_{0};
  std::atomic<bool> told_{false};
  std::function<void()> on_empty_;  // Written before kClosed is set, read after it was seen.
};

/// Inside a Gate for a scope; movable, empty after a refused entry or a move.
class GateLease {
 public:
  GateLease() = default;
  explicit GateLease(Gate& gate) : gate_(gate.try_enter() ? &gate : nullptr) {}
  GateLease(GateLease&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  GateLease& operator=(GateLease&& other) noexcept {
    if (this != &other) {
      release();
      gate_ = std::exchange(other.gate_, nullptr);
    }
    return *this;
  }
  ~GateLease() { release(); }
  explicit operator bool() const noexcept { return gate_ != nullptr; }
  /// A second lease of the same gate, also when it has been closed meanwhile; empty if this one is.
  GateLease again() const noexcept {
    GateLease other;
    if ((other.gate_ = gate_) != nullptr) gate_->enter_again();
    return other;
  }
  void release() noexcept {
    if (auto* gate = std::exchange(gate_, nullptr)) gate->leave();
  }

 private:
  Gate* gate_ = nullptr;
};

}  // namespace toolrack::base
