/// std::mutex with the annotations that libstdc++ lacks.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/thread_annotations.hpp"

namespace toolrack::base {

class TR_CAPABILITY("mutex") Mutex {
 public:
  void lock() TR_ACQUIRE() { mutex_.lock(); }
  void unlock() TR_RELEASE() { mutex_.unlock(); }

 private:
  friend class Lock;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope; `wait` gives it up until notified, so call it in a loop over the condition.
class TR_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) TR_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~Lock() TR_RELEASE() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void wait(std::condition_variable& condition) { condition.wait(lock_); }
  /// False when `timeout` passed without a notification.
  template <typename Duration>
  bool wait_for(std::condition_variable& condition, Duration timeout) {
    return condition.wait_for(lock_, timeout) == std::cv_status::no_timeout;
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace toolrack::base
