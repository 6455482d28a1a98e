/// Runs calls: resolve, validate, admit, route, run, deliver, settle, record, reply, each stage in a file of its own.
///
/// A call belongs to one loop: it is started there, its sink is called there. A skill that answers at once takes the
/// whole way in one stack, without a lock, an allocation or another thread; one that waits is pinned and continued when
/// its handler completes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "accounts/limits.hpp"
#include "accounts/usage.hpp"
#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "call/call.hpp"
#include "call/response_cache.hpp"
#include "registry/catalogue.hpp"
#include "registry/published_catalogue.hpp"
#include "services/providers/provider_states.hpp"

namespace toolrack::services::telemetry {
class Tracer;
}

namespace toolrack::call {

class Approvals;
class Execution;
class JobKeeper;
class SuspendedCalls;
struct FileOutputs;

class CallPath {
 public:
  /// All outlive the path.
  struct Dependencies {
    base::Loops& loops;
    base::Pool& pool;  ///< For stages that wait for the store.
    const base::Clock& clock;
    base::Metrics& metrics;
    registry::PublishedCatalogue& catalogue;
    accounts::Usage& usage;
    accounts::ClassLimits& class_limits;
    /// For skills that answer with files. Null: file names stay what they are.
    const FileOutputs* file_outputs = nullptr;
    services::providers::ProviderStates& providers;
    ResponseCache& responses;
    JobKeeper* jobs = nullptr;            ///< Null: no call can be a job.
    Approvals* approvals = nullptr;       ///< Null: skills that need an approval do not run.
    SuspendedCalls* suspended = nullptr;  ///< Null: no call can be suspended by a question.
    /// Of the one call of a gateway that was made to record or replay it; null everywhere else.
    services::recorder::Recording* recording = nullptr;
    services::telemetry::Tracer* tracer = nullptr;  ///< Null: what skills call is not recorded as spans.
  };
  explicit CallPath(Dependencies dependencies);
  ~CallPath();  ///< Every call has ended: the transports and sources are gone.
  CallPath(const CallPath&) = delete;
  CallPath& operator=(const CallPath&) = delete;

  /// On `loop`'s thread. Returns a ticket for `cancel`, or 0 when `sink.done` has been called already. The sink lives
  /// until then. The ticket of a call that becomes a job is stale from then on: its caller may leave.
  std::uint64_t start(base::Loop& loop, const CallRequest& request, CallSink& sink);

  /// The caller left or does not want it any more: the handler is told, `done` comes with kCancelled within the grace
  /// period at the latest. On the loop that started the call; a stale ticket is ignored.
  void cancel(base::Loop& loop, std::uint64_t ticket);

  /// Any thread: loops that have no calls let go of an older catalogue, too.
  void look_again();

  /// Started and not yet done, all loops.
  std::uint64_t running() const noexcept;

 private:
  friend class Execution;
  friend class NestedCalls;
  struct LoopState;
  Dependencies deps_;
  std::vector<std::unique_ptr<LoopState>> loops_;
};

}  // namespace toolrack::call
