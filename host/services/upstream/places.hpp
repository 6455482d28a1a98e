/// How many requests a provider gets at once. One for all loops.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/loop.hpp"
#include "base/mutex.hpp"

namespace toolrack::services::upstream {

/// The places of one provider at one base URL, so that a tool's wrong URL holds up no other tool. Any thread; one lock
/// a request, beside a request over the network.
class ProviderPlaces {
 public:
  using Waiter = std::uint64_t;  ///< 0: none.

  explicit ProviderPlaces(std::string name) : name_(std::move(name)) {}
  /// For messages: the provider's slug.
  const std::string& name() const noexcept { return name_; }

  /// Takes one of `most` places and returns 0, or waits for one: then `ready` comes on `loop`, with a place. Each place
  /// ends with `leave`.
  Waiter enter(std::uint32_t most, base::Loop& loop, std::function<void()> ready);
  /// True: it waited still. False: `ready` has been called or is on its way, and the place is the caller's to leave.
  bool give_up(Waiter waiter);
  void leave();

  std::uint32_t taken() const;

 private:
  struct Waiting {
    Waiter id = 0;
    base::Loop* loop = nullptr;
    std::function<void()> ready;
  };

  const std::string name_;
  mutable base::Mutex mutex_;
  std::deque<Waiting> waiting_ TR_GUARDED_BY(mutex_);
  Waiter last_waiter_ TR_GUARDED_BY(mutex_) = 0;
  std::uint32_t taken_ TR_GUARDED_BY(mutex_) = 0, most_ TR_GUARDED_BY(mutex_) = 0;
};
using PlacesRef = std::shared_ptr<ProviderPlaces>;

/// Any thread.
class Places {
 public:
  /// Made when it is asked for the first time, kept from then on. Slugs and URLs come from manifests and configuration,
  /// so there are few.
  PlacesRef of(std::string_view provider, std::string_view base_url);

 private:
  base::Mutex mutex_;
  std::map<std::pair<std::string, std::string>, PlacesRef> places_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::services::upstream
