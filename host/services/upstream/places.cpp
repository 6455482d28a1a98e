#include "services/upstream/places.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace toolrack::services::upstream {

ProviderPlaces::Waiter ProviderPlaces::enter(std::uint32_t most, base::Loop& loop, std::function<void()> ready) {
  base::Lock lock(mutex_);
  most_ = std::max(most, 1U);
  if (taken_ < most_ && waiting_.empty()) {
    ++taken_;
    return 0;
  }
  waiting_.push_back({++last_waiter_, &loop, std::move(ready)});
  return last_waiter_;
}

bool ProviderPlaces::give_up(Waiter waiter) {
  base::Lock lock(mutex_);
  return std::erase_if(waiting_, [&](const Waiting& each) { return each.id == waiter; }) != 0;
}

void ProviderPlaces::leave() {
  base::Lock lock(mutex_);
  --taken_;
  while (!waiting_.empty() && taken_ < most_) {
    ++taken_;
    auto waiter = std::move(waiting_.front());
    waiting_.pop_front();
    boost::asio::post(waiter.loop->context(), std::move(waiter.ready));
  }
}

std::uint32_t ProviderPlaces::taken() const {
  base::Lock lock(mutex_);
  return taken_;
}

PlacesRef Places::of(std::string_view provider, std::string_view base_url) {
  base::Lock lock(mutex_);
  auto& place = places_[{std::string(provider), std::string(base_url)}];
  if (!place) place = std::make_shared<ProviderPlaces>(std::string(provider));
  return place;
}

}  // namespace toolrack::services::upstream
