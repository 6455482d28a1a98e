/// Writes down how far a job has come, for as long as it runs: what run_note.hpp has, kept up to date.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/loop.hpp"
#include "call/jobs/run_note.hpp"
#include "registry/checkpoints.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

/// Of one run of one job. One commit is under way at a time, so that each is made of what the one before left.
/// Threads: the loop's only. Shared with commits on their way.
class RunKeeper : public std::enable_shared_from_this<RunKeeper> {
 public:
  using Done = std::function<void(base::Result<void>)>;
  /// `note` is in the store. Store and loop outlive it.
  RunKeeper(store::Store& store, base::Loop& loop, std::string job_id, RunNote note);

  struct Kept {
    registry::Checkpoint checkpoint;
    std::optional<Progress> progress;
    std::string partials;  ///< All of the job's; it starts with what was kept before.
    std::string backend;
  };
  /// Replaces the checkpoint before. `done` is called on the loop, never from inside: when it is durable, with
  /// kCancelled when the job has ended, or with what the store said.
  void keep(Kept kept, Done done);
  /// The run ends because the gateway stops, and another is to follow.
  void set_aside(Done done);
  /// Adds to the commit that ends the job what removes everything that is kept. Nothing is kept from now on.
  void forget(store::Commit& commit);

  /// As it is in the store.
  const RunNote& note() const noexcept { return note_; }

 private:
  struct Step {
    std::function<store::Commit(RunNote& next)> make;
    Done done;
  };
  void add(Step step);
  void run_next();
  void finished(const RunNote& next, const base::Result<store::Receipt>& written, const Done& done);

  store::Store& store_;
  base::Loop& loop_;
  const std::string job_id_;
  RunNote note_;
  bool is_under_way_ = false;  ///< A commit is.
  std::deque<Step> waiting_;
  bool is_over_ = false;
};

}  // namespace toolrack::call::jobs
