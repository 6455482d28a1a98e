/// What is known of a job while its call runs, and what it comes to.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "call/call_path.hpp"
#include "call/jobs/job.hpp"
#include "call/jobs/job_answers.hpp"
#include "call/jobs/job_questions.hpp"
#include "call/jobs/run_keeper.hpp"

namespace toolrack::call::jobs {

/// Threads: what a CallSink does on the call's loop, the rest on any.
class JobRun final : public CallSink, public std::enable_shared_from_this<JobRun> {
 public:
  /// What a run came to.
  struct End {
    Job job;
    std::string result_json;  ///< Fit for JobStore::finish.
    store::Commit more;       ///< To be written with the end: the price, and what is not needed any more.
    /// True: the gateway stops and the job goes on when it starts again, so this is no end. Then the rest is nothing.
    bool is_set_aside = false;
  };
  /// Called once, on the loop.
  using OnEnd = std::function<void(End end)>;
  /// The skill asks, or was answered. Any thread.
  using OnQuestions = std::function<void(bool has_asked)>;

  /// `path`, `loop` and `ticket` are the call's (0: `start` is still to make it). Path, loop and clock outlive it.
  /// `keeper` is null for a job that does not go on after a restart, and `answers` for one whose answers need not be
  /// kept.
  JobRun(Job job, CallPath& path, base::Loop& loop, const base::Clock& clock, std::uint64_t ticket,
         std::shared_ptr<RunKeeper> keeper, std::unique_ptr<JobAnswers> answers);

  const std::string& id() const noexcept { return job_.id; }
  const std::string& account() const noexcept { return job_.account; }
  base::Loop& loop() const noexcept { return loop_; }
  /// As it was when it was made.
  const Job& job() const noexcept { return job_; }

  /// The job is durable: from now on outcomes may come. On the loop.
  void begin(OnEnd on_end, OnQuestions on_questions);
  /// Makes the call of a job that goes on. Its end may come from inside. On the loop, after `begin`.
  void start(const CallRequest& request);
  /// Where an earlier run got to. Before `begin`.
  void go_on_from(std::optional<Progress> progress, std::string partials);
  bool has_begun() const noexcept { return has_begun_.load(); }
  /// Unix: when it began, asked, was answered or told its progress last; 0: it has not begun.
  std::int64_t changed_ns() const noexcept { return changed_ns_.load(); }
  std::optional<Progress> progress() const;
  /// As JobQuestions has them.
  std::vector<registry::Question> questions() const { return questions_->open(); }
  bool is_asking() const { return !questions_->is_empty(); }
  /// As JobQuestions::take; the skill is told. Waits for the store where another run is to know of it: not on a loop.
  base::Result<void> answer(const base::json::Value& answers);
  /// The content blocks so far, a JSON array.
  std::string partials_json() const;
  /// Would it be run again if its run were cut off now?
  bool can_go_on() const noexcept { return can_go_on_.load(); }

  enum class Reason : std::uint8_t {
    kStopping,  ///< The gateway stops: it goes on when that starts again, or ends failed.
    kWanted     ///< The account does not want it any more: it ends cancelled.
  };
  /// Tells the call; the account's wish stands above the gateway's. A call that is about to end may end as if nothing
  /// had been said.
  void cancel(Reason reason);

  // CallSink
  void done(CallOutcome& outcome) noexcept override;
  void progress(double done, double total, std::string_view note) noexcept override;
  bool partial(registry::Part part) noexcept override;
  void ask(registry::Question question, Answered answered) noexcept override;
  void keep(registry::Checkpoint checkpoint, std::string_view backend, registry::Checkpoints::Kept kept) override;

 private:
  std::optional<Reason> reason() const;
  void take_error(Job& ended, const base::Error& error);
  void set_aside();
  void end(End what);
  void note_change() noexcept { changed_ns_.store(clock_.unix_ns()); }

  const Job job_;
  CallPath& path_;
  base::Loop& loop_;
  const base::Clock& clock_;
  const std::shared_ptr<RunKeeper> keeper_;  ///< What is in it is the loop's.
  std::uint64_t ticket_;                     ///< The loop's, as `on_end_`.
  OnEnd on_end_;
  OnQuestions on_questions_;  ///< Constant once it has begun.
  const std::shared_ptr<JobQuestions> questions_;
  const std::unique_ptr<JobAnswers> answers_;
  std::atomic<bool> has_begun_{false}, can_go_on_{false};
  std::atomic<std::int64_t> changed_ns_{0};

  mutable base::Mutex mutex_;
  std::optional<Reason> reason_ TR_GUARDED_BY(mutex_);
  std::optional<Progress> progress_ TR_GUARDED_BY(mutex_);
  std::string partials_ TR_GUARDED_BY(mutex_);  ///< Content blocks with commas between.
};

/// How a job ends that the gateway left behind: failed, with the code `interrupted`. `reason` says why it does not go
/// on; null: it is none that does.
void interrupt(Job& job, const base::Error* reason = nullptr);

}  // namespace toolrack::call::jobs
