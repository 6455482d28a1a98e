/// One writer publishes immutable values; each reader keeps a copy of the pointer and looks again only when it changed.
///
/// Reading costs one load of a line that is almost never written, so no lock and no shared counter is touched per call.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/mutex.hpp"

namespace toolrack::base {

template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : value_(std::move(first)) {}

  /// Any thread. The old value lives on while somebody holds it.
  void publish(std::shared_ptr<const T> next) {
    Lock lock(mutex_);
    value_.swap(next);
    version_.fetch_add(1, std::memory_order_release);
  }

  /// Any thread; takes the lock. For everything off the hot path.
  std::shared_ptr<const T> load() const {
    Lock lock(mutex_);
    return value_;
  }

  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  /// One per thread that reads often; used by that thread only. Must not outlive the Published.
  class Reader {
   public:
    explicit Reader(const Published& source) : source_(&source), version_(source.version()), value_(source.load()) {}
    /// The newest value. The reference holds until the next call of `get`.
    const std::shared_ptr<const T>& get() {
      const auto now = source_->version();
      if (now != version_) [[unlikely]] {
        version_ = now;  // Read before the value: a publish in between is seen next time.
        value_ = source_->load();
      }
      return value_;
    }

   private:
    const Published* source_;
    std::uint64_t version_;
    std::shared_ptr<const T> value_;
  };

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ TR_GUARDED_BY(mutex_);
  alignas(64) std::atomic<std::uint64_t> version_{0};
};

}  // namespace toolrack::base
