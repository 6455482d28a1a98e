/// The thread that stops, destroys and closes plugins: their destroy() may wait for threads, and no loop may.
#pragma once

#include <functional>

#include "base/metrics.hpp"
#include "base/pool.hpp"

namespace toolrack::sources::native {

/// Owner: the source; outlives its modules. Threads: any.
class Reaper {
 public:
  explicit Reaper(base::Metrics& metrics);

  /// Runs `work` after what was posted before, unless that does not end. Never runs it here.
  void post(std::function<void()> work) { thread_.post(std::move(work)); }
  /// Of base::Pool: where a plugin does not come back, the others are stopped by another thread.
  void relieve() { thread_.relieve(); }
  /// Counts a closed library, and whether it stayed mapped.
  void note_closed(bool is_resident) noexcept;
  /// Finishes what was posted, then ends the thread.
  void stop() { thread_.stop(); }

 private:
  base::Counter& closed_;
  base::Gauge& resident_;
  base::Pool thread_;
};

}  // namespace toolrack::sources::native
