/// The jobs that have not ended, those that run and those that wait to be run again, and who waits for them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "call/jobs/job_run.hpp"

namespace toolrack::call::jobs {

class JobWaiter;

/// One that an earlier process has left, and that is to go on.
struct WaitingJob {
  Job job;
  RunNote note;
};

/// Threads: any.
class UnfinishedJobs {
 public:
  /// `running` counts those that run; it outlives this.
  explicit UnfinishedJobs(base::Gauge& running) : running_(running) {}

  /// kTooManyConcurrent, named too_many_jobs, when the account has `most` already; kUnavailable while stopping.
  base::Result<void> add(const std::shared_ptr<JobRun>& run, std::uint32_t most);
  /// Whatever the account has already: it was let in once.
  void add(WaitingJob waiting);

  std::vector<WaitingJob> waiting();
  /// It runs from now on. False: it does not wait any more, or everything stops.
  bool run_again(const std::shared_ptr<JobRun>& run);
  /// It does not wait any more, and does not run: somebody ends it, or puts it back. Null: it did not wait, or is not
  /// the account's.
  std::optional<WaitingJob> take(std::string_view account, std::string_view id);
  /// One that was taken, or that was about to run.
  void put_back(WaitingJob waiting);

  /// The run of a job that has not ended; null when it is not the account's, or waits.
  std::shared_ptr<JobRun> find(std::string_view account, std::string_view id);
  /// Its end is in the store: who waits for it hears of it, then it is forgotten here.
  void remove(const std::string& id);

  /// Who waits for its end hears that there is something else to see.
  void wake(const std::string& id);
  /// As Jobs::await_end. On `loop`.
  void await_end(std::string_view account, std::string_view id, std::chrono::milliseconds patience, base::Loop& loop,
                 std::function<void()> ready);

  /// Nothing is added any more, and who waits is answered.
  void stop();
  /// True when no job runs, or none but those that would go on after a restart and those that wait for answers, which
  /// nobody can give any more.
  enum class Which : std::uint8_t { kAll, kThoseThatCannotGoOn };
  bool wait_until_ended(Which which, std::chrono::milliseconds patience) TR_EXCLUDES(mutex_);
  std::vector<std::shared_ptr<JobRun>> runs();

 private:
  using Waiters = std::vector<std::weak_ptr<JobWaiter>>;
  struct Entry {
    std::string account;
    std::shared_ptr<JobRun> run = nullptr;             ///< Null: it waits, or somebody has taken it.
    std::optional<WaitingJob> waiting = std::nullopt;  ///< Empty: it runs, or somebody has taken it.
    Waiters waiters = {};
    bool is_over = false;  ///< Its end is in the store; nobody need wait for it any more.
  };
  static void tell_all(const Waiters& waiters);
  bool add_waiter(std::string_view account, std::string_view id, const std::shared_ptr<JobWaiter>& waiter);

  base::Gauge& running_;
  base::Mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry, std::less<>> entries_ TR_GUARDED_BY(mutex_);
  std::map<std::string, std::uint32_t, std::less<>> per_account_ TR_GUARDED_BY(mutex_);
  bool is_stopping_ TR_GUARDED_BY(mutex_) = false;
};

}  // namespace toolrack::call::jobs
