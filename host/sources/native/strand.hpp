/// The frames of one call, one after another: a queue without a lock, and the right to be the one who runs it.
#pragma once

#include <atomic>
#include <cstdint>

namespace toolrack::sources::native {

/// Something that enters the plugin for one call. Whoever made it says who frees it; `run` may.
class Frame {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~Frame() = default;

 private:
  friend class Strand;
  Frame* next_ = nullptr;
};

/// Threads: `push` any; everything else by the one that holds the strand. Frames run in the order they were pushed.
class Strand {
 public:
  /// By the only owner, while nobody else knows the strand: held from now on.
  void hold() noexcept { head_.store(held(), std::memory_order_relaxed); }
  void reset() noexcept { head_.store(nullptr, std::memory_order_relaxed); }

  /// True when nobody held the strand: the caller holds it now and must see to it that `take` is called.
  [[nodiscard]] bool push(Frame& frame) noexcept {
    Frame* head = head_.load(std::memory_order_relaxed);
    do {
      frame.next_ = head == held() ? nullptr : head;
    } while (!head_.compare_exchange_weak(head, &frame, std::memory_order_acq_rel, std::memory_order_relaxed));
    return head == nullptr;
  }

  /// The oldest waiting frame, or nullptr.
  Frame* take() noexcept {
    if (ready_ == nullptr) {
      Frame* newest_first = head_.exchange(held(), std::memory_order_acq_rel);
      while (newest_first != nullptr && newest_first != held()) {
        Frame* next = newest_first->next_;
        newest_first->next_ = ready_;
        ready_ = newest_first;
        newest_first = next;
      }
    }
    Frame* frame = ready_;
    if (frame != nullptr) ready_ = frame->next_;
    return frame;
  }

  /// Gives the strand up; false when frames came meanwhile: the caller still holds it.
  [[nodiscard]] bool leave() noexcept {
    Frame* expected = held();
    return ready_ == nullptr && head_.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel);
  }

  /// Returns when `take` has something to give. Whoever pushes to a strand that may wait calls `wake`.
  void wait() noexcept {
    if (ready_ == nullptr) head_.wait(held(), std::memory_order_acquire);
  }
  void wake() noexcept { head_.notify_all(); }

 private:
  /// Not a frame: says "held, nothing waits".
  static Frame* held() noexcept { return reinterpret_cast<Frame*>(std::uintptr_t{1}); }

  std::atomic<Frame*> head_{nullptr};  // Newest first; nullptr: idle.
  Frame* ready_ = nullptr;             // Oldest first; of the holder.
};

}  // namespace toolrack::sources::native
