/// What has to be done now and then, such as removing what has expired.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"

namespace toolrack::app {

/// Owner: the gateway. The timer is of the loop, the work of the pool; what fails is logged and tried again.
class Housekeeper {
 public:
  struct Chore {
    std::string_view what;  ///< For the log: "assets". A constant.
    std::function<base::Result<void>()> run;
  };
  /// Every chore, in their order, once a minute. Loop, pool and what chores use outlive it; the loop runs.
  Housekeeper(base::Loop& loop, base::Pool& pool, std::vector<Chore> chores);
  /// No more work begins once it has returned. Not on the loop; once.
  void stop();

 private:
  struct State;
  static void arm(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace toolrack::app
