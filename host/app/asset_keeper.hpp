/// What has to be done to assets now and then: the expired ones go, and the key of their links changes.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <memory>

#include "base/loop.hpp"
#include "base/pool.hpp"
#include "services/assets/assets.hpp"
#include "services/assets/url_signer.hpp"

namespace toolrack::app {

/// Owner: the gateway. The timer is of the loop, the work of the pool; what fails is logged and tried again.
class AssetKeeper {
 public:
  /// All outlive it; the loop runs.
  AssetKeeper(base::Loop& loop, base::Pool& pool, services::assets::Assets& assets,
              services::assets::UrlSigner& signer);
  /// No more work begins once it has returned. Not on the loop; once.
  void stop();

 private:
  struct State;
  static void arm(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace toolrack::app
