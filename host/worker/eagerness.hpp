/// Whether a thread that waits looks again and again before it sleeps.
#pragma once

#include <algorithm>

namespace toolrack::worker {

/// A thread that sleeps is woken late: on a machine with idle processors that is most of what a short call takes. One
/// that looks again and again meanwhile takes a processor from others, so it does as long as that pays: after a look in
/// vain the next wait is slept through, after a second one the next two, and so on up to `kMostSlept`; one that finds
/// something makes it eager again. Owner: its thread.
class Eagerness {
 public:
  static constexpr unsigned kMostSlept = 1024;

  /// Asked before each wait: shall it look?
  [[nodiscard]] bool looks() noexcept {
    if (to_sleep_ == 0) return true;
    --to_sleep_;
    return false;
  }
  void found() noexcept { next_ = 1; }
  void looked_in_vain() noexcept {
    to_sleep_ = next_;
    next_ = std::min(2 * next_, kMostSlept);
  }

 private:
  unsigned to_sleep_ = 0;  // Waits.
  unsigned next_ = 1;      // After the next look in vain.
};

}  // namespace toolrack::worker
