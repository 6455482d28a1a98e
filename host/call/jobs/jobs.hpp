/// Jobs of accounts: calls that outlive their requests.
///
/// A call becomes a job when it is admitted: its record is durable before its caller hears the job's id, and what it
/// came to is durable before anybody is told. A job whose process ends is not run again: it ends failed, named
/// interrupted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "call/job_keeper.hpp"
#include "call/jobs/job.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

struct JobSettings {
  std::uint32_t per_account = 100;                        ///< Jobs of an account that have not ended, at most.
  std::chrono::seconds keep{std::chrono::hours(7 * 24)};  ///< After their end.
  bool operator==(const JobSettings&) const = default;
};

/// The longest that somebody waits for the end of a job in one request.
inline constexpr std::chrono::seconds kLongestWait{30};

class Webhooks;

class Jobs final : public JobKeeper {
 public:
  /// Store, clock and metrics outlive it.
  Jobs(store::Store& store, const base::Clock& clock, base::Metrics& metrics, JobSettings settings = {});
  ~Jobs();  ///< No call runs any more.

  /// At start, before any call: ends what a process left behind. Returns how many those were. Waits for the store.
  base::Result<std::size_t> recover();
  /// Who tells webhooks, and outlives it; before any call. Without, no job has one.
  void set_webhooks(Webhooks& webhooks);
  /// For the next job, and the next one that ends. Any thread.
  void set_settings(const JobSettings& settings);

  base::Result<void> check_webhook(std::string_view url) const override;
  /// Refuses with kTooManyConcurrent, named too_many_jobs, and with kUnavailable while stopping.
  void begin(CallPath& path, base::Loop& loop, std::uint64_t ticket, const CallRequest& request,
             const registry::Skill& skill, OnBegun begun) override;

  // Of an account. Any thread; those that return something wait for the store: not on a loop.

  /// Everything that is known of the job, an object; job_not_found (job.hpp).
  base::Result<std::string> describe(std::string_view account, std::string_view id);
  /// At most `limit`, the newest first, those before `after`; without what they came to.
  base::Result<std::vector<Job>> list(std::string_view account, std::string_view after, std::size_t limit);
  /// Has the job's call told to end. Nothing happens to one that has ended, or is not the account's.
  void cancel(std::string_view account, std::string_view id);
  /// `ready` is called once, on `loop`: when the job has ended, when `patience` is over, or at once when there is no
  /// such job of this account that runs; then before this returns. On `loop`.
  void await_end(std::string_view account, std::string_view id, std::chrono::milliseconds patience, base::Loop& loop,
                 std::function<void()> ready);

  /// Forgets those that have expired; returns how many. Waits for the store.
  base::Result<std::size_t> sweep();

  /// No job begins any more, and whoever waits for one is answered. Any thread.
  void stop_taking();
  /// Waits until the running ones have ended, after `patience` ends them as interrupted, and waits for that for
  /// `grace`. Returns how many were interrupted. Not on a loop; the loops still run.
  std::size_t end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // Shared with commits and timers on their way.
};

}  // namespace toolrack::call::jobs
