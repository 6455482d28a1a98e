/// Jobs of accounts: calls that outlive their requests.
///
/// A call becomes a job when it is admitted: its record is durable before its caller hears the job's id, and what it
/// came to is durable before anybody is told. A job whose process ends is not run again: it ends failed, named
/// interrupted. One whose skill is resumable goes on from its last checkpoint when the next process starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/principal.hpp"
#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "call/job_keeper.hpp"
#include "call/jobs/job.hpp"
#include "registry/questions.hpp"
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

/// A job as it stands.
struct JobView {
  Job job;
  std::string result_json;                    ///< {"result"?, "content"?, "partials"?}, or empty.
  std::vector<registry::Question> questions;  ///< That it waits for answers to, with the keys that answers have.
  std::int64_t changed_ns = 0;                ///< Unix: when the rest became what it is.
  std::int64_t kept_until_ns = 0;             ///< Unix: before that it is not forgotten.
};

class Jobs final : public JobKeeper {
 public:
  /// Store, clock and metrics outlive it.
  Jobs(store::Store& store, const base::Clock& clock, base::Metrics& metrics, JobSettings settings = {});
  ~Jobs();  ///< No call runs any more.

  struct Recovered {
    std::size_t interrupted = 0, waiting = 0;
  };
  /// At start, before any call: ends what a process left behind, but for those that wait for `resume`, if that comes.
  /// Waits for the store.
  base::Result<Recovered> recover();
  /// Who calls: the account's key, or without an id whoever needs none. An error says why a job of theirs cannot go on.
  using FindPrincipal =
      std::function<base::Result<accounts::PrincipalRef>(std::string_view account, std::string_view key_id)>;
  /// Once the catalogue is whole and loops run: has those that wait go on. Returns how many; on an error the others
  /// wait for the next start. Path and loops outlive the jobs. Waits for the store, not for the jobs; not on a loop.
  base::Result<std::size_t> resume(CallPath& path, base::Loops& loops, const FindPrincipal& find);
  /// Who tells webhooks, and outlives it; before any call. Without, no job has one.
  void set_webhooks(Webhooks& webhooks);
  /// Hears of jobs that asked, were answered or have ended, perhaps of one twice; on any thread, and must not wait.
  /// Null: nobody does, and when this returns nobody is being told any more. Any thread.
  using Listener = std::function<void(std::string_view account, std::string_view id)>;
  void set_listener(Listener listener);
  /// For the next job, and the next one that ends. Any thread.
  void set_settings(const JobSettings& settings);

  base::Result<void> check_webhook(std::string_view url) const override;
  /// Refuses with kTooManyConcurrent, named too_many_jobs, and with kUnavailable while stopping.
  void begin(CallPath& path, base::Loop& loop, std::uint64_t ticket, const CallRequest& request,
             const registry::Skill& skill, OnBegun begun) override;

  // Of an account. Any thread; those that return something wait for the store: not on a loop.

  /// What is kept of it (job.hpp); job_not_found.
  base::Result<Job> find(std::string_view account, std::string_view id);
  /// job_not_found.
  base::Result<JobView> look(std::string_view account, std::string_view id);
  /// Everything that is known of the job, an object; job_not_found.
  base::Result<std::string> describe(std::string_view account, std::string_view id);
  /// Answers what the job has asked, or some of it: {key: answer in MCP's words}. What it has not asked is ignored, so
  /// nothing happens to one that has ended. job_not_found, or kInvalidRequest ("invalid_answer") for one that cannot be
  /// used; then none is.
  base::Result<void> answer(std::string_view account, std::string_view id, const base::json::Value& answers);
  /// At most `limit`, the newest first, those before `after`; without what they came to.
  base::Result<std::vector<Job>> list(std::string_view account, std::string_view after, std::size_t limit);
  /// Has the job's call told to end; one that waits to go on ends without that. Nothing happens to one that has ended,
  /// or is not the account's.
  void cancel(std::string_view account, std::string_view id);
  /// `ready` is called once, on `loop`: when the job has ended or asks something more, when `patience` is over, or at
  /// once when there is no such job of this account that runs; then before this returns. On `loop`.
  void await_end(std::string_view account, std::string_view id, std::chrono::milliseconds patience, base::Loop& loop,
                 std::function<void()> ready);

  /// Forgets those that have expired; returns how many. Waits for the store.
  base::Result<std::size_t> sweep();

  /// No job begins any more, and whoever waits for one is answered. Any thread.
  void stop_taking();
  struct Stopped {
    std::size_t interrupted = 0;
    std::size_t set_aside = 0;  ///< They go on at the next start.
  };
  /// Waits until the running ones have ended, at most `patience` and not for those that can go on after a restart; then
  /// stops those and interrupts the others, and waits for that for `grace`. Not on a loop; the loops still run.
  Stopped end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // Shared with commits and timers on their way.
};

}  // namespace toolrack::call::jobs
