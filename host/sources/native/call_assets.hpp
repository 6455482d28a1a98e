/// The assets that one call of a plugin works with: its operations run one after another, in a pool.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "services/assets/assets.hpp"

namespace toolrack::sources::native {

/// Made by the first operation of its call, shared with the operations that wait. Threads: `post` and `discard` any.
class CallAssets final : public std::enable_shared_from_this<CallAssets> {
 public:
  using Task = std::function<void(CallAssets&)>;

  /// Both outlive it.
  CallAssets(services::assets::Assets& assets, base::Pool& pool, std::string account)
      : assets(assets), account(std::move(account)), pool_(pool) {}

  /// Runs `task` after those that were posted before. False when the pool has ended: it will not run.
  bool post(Task task);
  /// The call has completed: writers that were not closed leave nothing.
  void discard();

  // For tasks.
  services::assets::Assets& assets;
  const std::string account;
  std::map<std::int64_t, std::unique_ptr<services::assets::AssetWriter>> writers;
  std::int64_t last_writer = 0;
  bool is_over = false;

 private:
  void run();

  base::Pool& pool_;
  base::Mutex mutex_;
  std::deque<Task> tasks_ TR_GUARDED_BY(mutex_);
  bool is_running_ TR_GUARDED_BY(mutex_) = false;
};

/// Gives all of an asset of the call's account to `take`, piece by piece. For tasks.
base::Result<void> read_asset(CallAssets& assets, std::string_view id,
                              const std::function<base::Result<void>(std::string_view)>& take);

}  // namespace toolrack::sources::native
