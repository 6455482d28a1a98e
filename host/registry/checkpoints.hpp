/// How a skill that runs as a job keeps how far it has come, to go on from there after a restart. The call path
/// implements it; sources reach it through an Invocation.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/money.hpp"
#include "base/result.hpp"
#include "registry/outcome.hpp"

namespace toolrack::registry {

/// The largest state that is kept.
inline constexpr std::size_t kMaxCheckpointBytes = 1 << 20;

struct Checkpoint {
  std::string state;  ///< The skill's own, any bytes; at most kMaxCheckpointBytes.
  /// What it metered until then, earlier runs included. Empty: no "usd".
  std::optional<base::Money> raw_cost = {};
  std::vector<Meter> meters = {};
};

/// Of one invocation, and good until that has been completed. On the invocation's loop.
class Checkpoints {
 public:
  using Kept = std::function<void(base::Result<void>)>;
  /// Keeps `checkpoint` in place of the one before, with the partials that were given until now. `kept` is called once,
  /// on the loop and never from inside: when it is durable, or with the reason why it is not; perhaps after the
  /// invocation has been completed.
  virtual void keep(Checkpoint checkpoint, Kept kept) = 0;

 protected:
  ~Checkpoints() = default;
};

}  // namespace toolrack::registry
