/// A bounded pool of threads for work that computes or blocks.
///
/// Threads: any, but for `stop`. Threads are made when work waits and none is idle, up to the bound; they stay.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.hpp"

namespace toolrack::base {

class Pool {
 public:
  /// `name` labels the threads (at most 15 characters).
  Pool(std::string name, std::size_t max_threads);
  ~Pool();  ///< `stop`.
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Runs `task` once, in some thread of the pool, in order of arrival where one is free. False after `stop`, or
  /// when the machine has no thread for an empty pool: it will not run.
  bool post(std::function<void()> task);
  /// For pools whose tasks may never end; somebody calls it from time to time. Where tasks waited at the last call and
  /// none of them has been taken since, makes one thread beyond the bound, up to `kMostBeyond`; they stay as well.
  void relieve();
  static constexpr std::size_t kMostBeyond = 64;
  /// Runs what is queued, then ends the threads. Idempotent; not from a task of this pool.
  void stop();
  std::size_t queued() const;

 private:
  void run();
  bool add_thread() TR_REQUIRES(mutex_);

  const std::string name_;
  const std::size_t max_threads_;
  mutable Mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_ TR_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ TR_GUARDED_BY(mutex_);
  std::size_t idle_ TR_GUARDED_BY(mutex_) = 0;
  std::uint64_t taken_ TR_GUARDED_BY(mutex_) = 0;                       // Tasks.
  std::optional<std::uint64_t> taken_at_relief_ TR_GUARDED_BY(mutex_);  // Nothing: no task waited then.
  bool stopping_ TR_GUARDED_BY(mutex_) = false;
};

}  // namespace toolrack::base
