#include "app/housekeeper.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

constexpr std::chrono::seconds kInterval{60};

}  // namespace

/// Shared with the timer's handler and the task in the pool.
struct Housekeeper::State {
  State(base::Loop& home, base::Pool& its_pool, std::vector<Chore> its_chores)
      : loop(home), pool(its_pool), chores(std::move(its_chores)), timer(home.context()) {}
  base::Loop& loop;
  base::Pool& pool;
  const std::vector<Chore> chores;

  // Of the loop.
  boost::asio::steady_timer timer;
  bool is_stopped = false;
};

Housekeeper::Housekeeper(base::Loop& loop, base::Pool& pool, std::vector<Chore> chores)
    : state_(std::make_shared<State>(loop, pool, std::move(chores))) {
  boost::asio::post(loop.context(), [state = state_] { arm(state); });
}

void Housekeeper::arm(const std::shared_ptr<State>& state) {
  if (state->is_stopped) return;
  state->timer.expires_after(kInterval);
  state->timer.async_wait([state](const boost::system::error_code& error) {
    if (error || state->is_stopped) return;
    state->pool.post([state] {
      for (const auto& chore : state->chores)
        if (const auto done = chore.run(); !done)
          services::log::write(services::log::Level::kWarning, fmt::format("{} could not be looked after", chore.what),
                               {{"reason", done.error().message()}});
      boost::asio::post(state->loop.context(), [state] { arm(state); });
    });
  });
}

void Housekeeper::stop() {
  boost::asio::post(state_->loop.context(), [state = state_] {
    state->is_stopped = true;
    state->timer.cancel();
  });
}

}  // namespace toolrack::app
