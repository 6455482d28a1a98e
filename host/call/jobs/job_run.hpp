/// What is known of a job while its call runs, and what it comes to.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "call/call_path.hpp"
#include "call/jobs/job.hpp"

namespace toolrack::call::jobs {

/// Threads: what a CallSink does on the call's loop, the rest on any.
class JobRun final : public CallSink {
 public:
  /// `job` ends as `ended` says, with `result_json` (fit for JobStore::finish). Called once, on the loop.
  using OnEnd = std::function<void(Job ended, std::string result_json)>;

  /// `path`, `loop` and `ticket` are the call's. Path and loop outlive it.
  JobRun(Job job, CallPath& path, base::Loop& loop, std::uint64_t ticket);

  const std::string& id() const noexcept { return job_.id; }
  const std::string& account() const noexcept { return job_.account; }
  base::Loop& loop() const noexcept { return loop_; }
  /// As it was when it was made.
  const Job& job() const noexcept { return job_; }

  /// The job is durable: from now on outcomes may come. On the loop.
  void begin(OnEnd on_end);
  bool has_begun() const noexcept { return has_begun_.load(); }
  std::optional<Progress> progress() const;
  /// The content blocks so far, a JSON array.
  std::string partials_json() const;

  enum class Reason : std::uint8_t {
    kWanted,      ///< The account does not want it any more: it ends cancelled.
    kInterrupted  ///< The gateway stops: it ends failed.
  };
  /// Tells the call; the first reason stays. A call that is about to end may end as if nothing had been said.
  void cancel(Reason reason);

  // CallSink
  void done(CallOutcome& outcome) noexcept override;
  void progress(double done, double total, std::string_view note) noexcept override;
  bool partial(registry::Part part) noexcept override;

 private:
  void take_error(Job& ended, const base::Error& error);

  const Job job_;
  CallPath& path_;
  base::Loop& loop_;
  const std::uint64_t ticket_;
  OnEnd on_end_;  ///< The loop's.
  std::atomic<bool> has_begun_{false};

  mutable base::Mutex mutex_;
  std::optional<Reason> reason_ TR_GUARDED_BY(mutex_);
  std::optional<Progress> progress_ TR_GUARDED_BY(mutex_);
  std::string partials_ TR_GUARDED_BY(mutex_);  ///< Content blocks with commas between.
};

/// How a job ends that the gateway left behind: failed, with the code `interrupted`.
void interrupt(Job& job);

}  // namespace toolrack::call::jobs
