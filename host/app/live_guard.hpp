/// The host guard of a listener, which may be replaced while it serves.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/published.hpp"
#include "transports/net/host_guard.hpp"
#include "transports/net/http.hpp"

namespace toolrack::app {

class LiveGuard {
 public:
  LiveGuard(net::HostGuard first, std::size_t loops)
      : guard_(std::make_shared<const net::HostGuard>(std::move(first))), readers_(loops, Published::Reader(guard_)) {}

  /// Any thread; for the next request on every loop.
  void replace(net::HostGuard next) { guard_.publish(std::make_shared<const net::HostGuard>(std::move(next))); }

  /// On the loop of the exchange.
  base::Result<void> check(const net::Request& request, net::Exchange& exchange) {
    return check(request, exchange.loop());
  }
  /// On that loop.
  base::Result<void> check(const net::Request& request, const base::Loop& loop) {
    return readers_[loop.index()].get()->check(request);
  }

 private:
  using Published = base::Published<net::HostGuard>;
  Published guard_;
  std::vector<Published::Reader> readers_;  // One a loop.
};

}  // namespace toolrack::app
