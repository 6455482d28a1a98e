/// A tool as catalogues hold it. Between finding a skill and entering its plugin a call holds the catalogue and nothing
/// of the plugin, so a plugin may not shut its door before the last catalogue that names it is gone. The offer notices
/// that without costing calls anything: it is the reference count that catalogues have anyway.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "registry/tool.hpp"
#include "sources/native/watchdog.hpp"

namespace toolrack::sources::native {

/// Owner: the source, shared. Threads: any.
class Offer : public std::enable_shared_from_this<Offer> {
 public:
  /// Given what is left of its patience; not on any particular thread, and at once is possible.
  using Begin = std::function<void(std::chrono::milliseconds left)>;

  static std::shared_ptr<Offer> make(std::shared_ptr<const registry::Tool> tool) {
    auto offer = std::make_shared<Offer>();
    {
      base::Lock lock(offer->mutex_);
      offer->holds_ = std::make_shared<Holds>(offer);
    }
    offer->renew(std::move(tool));
    return offer;
  }

  /// What goes into catalogues; null after `withdraw`.
  std::shared_ptr<const registry::Tool> tool() const {
    base::Lock lock(mutex_);
    return held_;
  }

  /// From now on `tool` does: the same plugin, with other skills. What catalogues hold already counts as before.
  void renew(std::shared_ptr<const registry::Tool> tool) {
    std::shared_ptr<const registry::Tool> held;  // Let go of after the lock, as in `withdraw`.
    base::Lock lock(mutex_);
    if (holds_ == nullptr || tool == nullptr || held_.get() == tool.get()) return;
    held.swap(held_);
    const auto* raw = tool.get();
    held_ = std::shared_ptr<const registry::Tool>(
        raw, [kept = std::move(tool), holds = holds_](const registry::Tool*) mutable {
          kept.reset();
          holds.reset();
        });
  }

  /// It goes into no new catalogue. `begin` runs once, when nobody holds it any more or `patience` is over. Once.
  void withdraw(base::Loop& loop, std::chrono::milliseconds patience, Begin begin) {
    std::shared_ptr<const registry::Tool> held;  // Let go of after the lock: their deleters take that.
    std::shared_ptr<Holds> holds;
    base::Lock lock(mutex_);
    begin_ = std::move(begin);
    deadline_ = std::chrono::steady_clock::now() + patience;
    timer_.set(loop, patience, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->begin();
    });
    held.swap(held_);
    holds.swap(holds_);
  }

  /// `begin` does not run any more, and is not running when this returns.
  void forget() {
    base::Lock lock(mutex_);
    begin_ = nullptr;
    timer_.clear();
  }

 private:
  /// Everything that was ever given out has a share of it.
  class Holds {
   public:
    explicit Holds(std::weak_ptr<Offer> offer) : offer_(std::move(offer)) {}
    Holds(const Holds&) = delete;
    Holds& operator=(const Holds&) = delete;
    ~Holds() {
      if (const auto offer = offer_.lock()) offer->begin();
    }

   private:
    const std::weak_ptr<Offer> offer_;
  };

  void begin() {
    base::Lock lock(mutex_);
    if (!begin_) return;
    timer_.clear();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    std::exchange(begin_, nullptr)(std::max(left, std::chrono::milliseconds(0)));
  }

  mutable base::Mutex mutex_;
  std::shared_ptr<Holds> holds_ TR_GUARDED_BY(mutex_);
  std::shared_ptr<const registry::Tool> held_ TR_GUARDED_BY(mutex_);
  Begin begin_ TR_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point deadline_ TR_GUARDED_BY(mutex_);
  Watchdog timer_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::native
