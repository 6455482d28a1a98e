/// Jobs as documents. Each is written twice: before its caller hears of it, and when it has ended. What one needs that
/// may go on after a restart has documents of its own (run_note.hpp).
///
/// Collections: `jobs` (by id), `jobs_by_account`, `jobs_by_expiry` (those that have ended), `jobs_unfinished` (the
/// others), `job_results` (what they came to, in pieces that a document can hold). A job ends once: the commit that
/// ends it is refused for one that has ended. What is owed to its webhook (webhook_delivery.hpp) is written with the
/// end.
///
/// Threads: every function from any thread. Those with `done` return at once, the others wait: not on a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "call/jobs/job.hpp"
#include "call/jobs/run_note.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

/// The largest result, with the parts that came before it, that is kept of a job.
inline constexpr std::size_t kMaxResultBytes = 8 << 20;

/// For the commits of others: refused once the job has ended.
store::ExpectVersion expect_unfinished(std::string_view job_id);

class JobStore {
 public:
  /// The store outlives it.
  explicit JobStore(store::Store& store) : store_(store) {}

  /// `more` is part of the commit.
  void create(const Job& job, store::Commit more, store::Done done);
  /// `job` has its end: status, times, error. `result_json` (at most kMaxResultBytes, or empty) and `more` are written
  /// with it. `done` hears a Refusal when the job had ended already, which is no harm: then nothing of it is written.
  void finish(Job job, std::string_view result_json, store::Commit more, store::Done done);

  /// Null when there is none of that id.
  base::Result<std::optional<Job>> find(std::string_view id);
  /// What `finish` was given; empty when that was.
  base::Result<std::string> result(const Job& job);
  /// At most `limit` of an account, the newest first, those before `after` (an id; empty: from the newest on).
  base::Result<std::vector<Job>> list(std::string_view account, std::string_view after, std::size_t limit);

  /// What a process left behind that ended.
  struct Leftovers {
    std::size_t ended = 0;
    std::vector<std::pair<Job, RunNote>> waiting;  ///< To be run again, the oldest first.
  };
  /// At start: whatever has no end and cannot go on gets the one that `end` gives it, for the reason that it is told
  /// (null: the job is none that goes on).
  base::Result<Leftovers> finish_leftovers(const std::function<void(Job&, const base::Error* reason)>& end);
  /// Removes those that have expired; returns how many.
  base::Result<std::size_t> sweep(std::int64_t now_unix_ns);

 private:
  base::Result<void> finish_leftover(store::Snapshot& snapshot, const std::string& id,
                                     const std::function<void(Job&, const base::Error*)>& end, Leftovers& leftovers,
                                     store::Commit& commit);

  store::Store& store_;
};

}  // namespace toolrack::call::jobs
