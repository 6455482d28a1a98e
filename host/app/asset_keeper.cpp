#include "app/asset_keeper.hpp"

#include <boost/asio/post.hpp>
#include <chrono>

#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

constexpr std::chrono::seconds kInterval{60};

void warn(const base::Error& error) {
  services::log::write(services::log::Level::kWarning, "assets could not be looked after",
                       {{"reason", error.message()}});
}

}  // namespace

/// Shared with the timer's handler and the task in the pool.
struct AssetKeeper::State {
  State(base::Loop& home, base::Pool& its_pool, services::assets::Assets& its_assets,
        services::assets::UrlSigner& its_signer)
      : loop(home), pool(its_pool), assets(its_assets), signer(its_signer), timer(home.context()) {}
  base::Loop& loop;
  base::Pool& pool;
  services::assets::Assets& assets;
  services::assets::UrlSigner& signer;

  // Of the loop.
  boost::asio::steady_timer timer;
  bool is_stopped = false;
};

AssetKeeper::AssetKeeper(base::Loop& loop, base::Pool& pool, services::assets::Assets& assets,
                         services::assets::UrlSigner& signer)
    : state_(std::make_shared<State>(loop, pool, assets, signer)) {
  boost::asio::post(loop.context(), [state = state_] { arm(state); });
}

void AssetKeeper::arm(const std::shared_ptr<State>& state) {
  if (state->is_stopped) return;
  state->timer.expires_after(kInterval);
  state->timer.async_wait([state](const boost::system::error_code& error) {
    if (error || state->is_stopped) return;
    state->pool.post([state] {
      if (const auto swept = state->assets.sweep(); !swept) warn(swept.error());
      if (const auto rotated = state->signer.rotate_when_due(); !rotated) warn(rotated.error());
      boost::asio::post(state->loop.context(), [state] { arm(state); });
    });
  });
}

void AssetKeeper::stop() {
  boost::asio::post(state_->loop.context(), [state = state_] {
    state->is_stopped = true;
    state->timer.cancel();
  });
}

}  // namespace toolrack::app
