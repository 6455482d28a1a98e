/// Lets snapshots in together, and the writer alone when it must move the map (LMDB may not remap under a live reader).
///
/// Not std::shared_mutex: a snapshot may end in another thread than it began in, a waiting writer must not starve
/// behind readers, and it must give up when a forgotten snapshot never ends. Threads: all functions from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>

#include "base/mutex.hpp"

namespace toolrack::store::lmdb {

class ReaderGate {
 public:
  /// Waits while the writer is alone, or waits to be; that is bounded by its patience.
  void enter() {
    base::Lock lock(mutex_);
    while (closed_) lock.wait(changed_);
    ++inside_;
  }
  void leave() {
    base::Lock lock(mutex_);
    --inside_;
    if (closed_ && inside_ == 0) changed_.notify_all();
  }

  /// Keeps new readers out and waits for those inside. False when they are still there after `patience`; the gate is
  /// open again then. One thread, the writer's.
  [[nodiscard]] bool close(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    base::Lock lock(mutex_);
    closed_ = true;
    while (inside_ != 0) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= left.zero()) {
        closed_ = false;
        changed_.notify_all();
        return false;
      }
      lock.wait_for(changed_, left);
    }
    return true;
  }
  void open() {
    base::Lock lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }

  std::size_t inside() const {
    base::Lock lock(mutex_);
    return inside_;
  }

 private:
  mutable base::Mutex mutex_;
  std::condition_variable changed_;
  std::size_t inside_ TR_GUARDED_BY(mutex_) = 0;
  bool closed_ TR_GUARDED_BY(mutex_) = false;
};

}  // namespace toolrack::store::lmdb
