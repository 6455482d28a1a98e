/// What was answered to a job that may go on after a restart, so that its next run is told it and nobody is asked
/// twice.
///
/// Kept beside the checkpoint (run_note.hpp), and removed with it by the job's end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "call/questions/asking.hpp"
#include "registry/questions.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

/// Of one job. Threads: any.
class JobAnswers {
 public:
  /// `earlier` is in the store, which outlives this.
  JobAnswers(store::Store& store, std::string job_id, std::vector<KeptAnswer> earlier);

  /// Nothing: nobody has answered this question yet.
  std::optional<registry::Asked> find(const registry::Question& question) const;
  /// Durable when it returns, so not on a loop. kStoreFailed, or kInvalidRequest when there is no room: then another
  /// run asks again. A job that has ended keeps nothing, which is no error.
  base::Result<void> add(std::vector<KeptAnswer> answers) TR_EXCLUDES(mutex_);

 private:
  store::Store& store_;
  const std::string job_id_;
  mutable base::Mutex mutex_;
  std::vector<KeptAnswer> answers_ TR_GUARDED_BY(mutex_);
};

/// Adds them to the commit that makes the job. None: nothing.
void put_answers(store::Commit& commit, std::string_view job_id, const std::vector<KeptAnswer>& answers);
base::Result<std::vector<KeptAnswer>> read_answers(store::Snapshot& snapshot, std::string_view job_id);

}  // namespace toolrack::call::jobs
