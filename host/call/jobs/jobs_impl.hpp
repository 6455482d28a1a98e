/// What stands behind Jobs. Private to call/jobs: jobs.cpp, and resume.cpp for jobs that an earlier process has left.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "call/jobs/job_run.hpp"
#include "call/jobs/job_store.hpp"
#include "call/jobs/jobs.hpp"
#include "call/jobs/kept_request.hpp"
#include "call/jobs/unfinished_jobs.hpp"
#include "call/jobs/webhook_delivery.hpp"

namespace toolrack::call::jobs {

class Jobs::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(store::Store& its_store, const base::Clock& its_clock, base::Metrics& metrics, JobSettings its_settings)
      : documents(its_store),
        store(its_store),
        deliveries(its_store),
        clock(its_clock),
        unfinished(metrics.gauge("toolrack_jobs", "Jobs that have not ended.", {{"state", "running"}})),
        settings_(its_settings) {
    for (const auto status : {Status::kCompleted, Status::kFailed, Status::kCancelled})
      ended_[static_cast<std::size_t>(status)] = &metrics.counter(
          "toolrack_jobs_ended_total", "Jobs by how they ended.", {{"state", std::string(to_string(status))}});
  }

  void begin(const std::shared_ptr<JobRun>& run, store::Commit more, OnBegun begun);
  base::Result<std::size_t> resume(CallPath& path, base::Loops& loops, const FindPrincipal& find);
  /// One that waited to be run again ends without that.
  void end_waiting(WaitingJob waiting, Status status, const base::Error& error);
  void set_settings(const JobSettings& settings);
  /// Whatever the reason, the job is over: gives it its times.
  void end(Job& job);
  /// How long a job is kept after its end, as things are.
  std::int64_t keep_ns();
  void count(Status status) { ended_[static_cast<std::size_t>(status)]->add(); }
  base::Result<std::string> describe_kept(Job& job);
  /// What is known of one that runs.
  static void describe_run(const JobRun& run, Job& job);
  void set_listener(Listener listener);
  void tell_listener(std::string_view account, std::string_view id);
  Stopped end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace);

  store::Store& documents;
  JobStore store;
  WebhookStore deliveries;
  const base::Clock& clock;
  Webhooks* webhooks = nullptr;  ///< Set once, before any call.
  UnfinishedJobs unfinished;

 private:
  /// A run that only has to be written down, and to begin.
  struct Next {
    WaitingJob waiting;  ///< As it was before.
    KeptRequest kept;
    accounts::PrincipalRef principal;
    std::shared_ptr<const Resumption> resumption;
    std::shared_ptr<JobRun> run = nullptr;
  };
  base::Result<std::shared_ptr<Next>> prepare(WaitingJob waiting, store::Snapshot& snapshot, CallPath& path,
                                              base::Loop& loop, const FindPrincipal& find);
  std::future<base::Result<store::Receipt>> write_down(const Next& next);
  void start(const std::shared_ptr<Next>& next);
  JobRun::OnEnd on_end_of(const std::shared_ptr<JobRun>& run);
  JobRun::OnQuestions on_questions_of(const std::shared_ptr<JobRun>& run);
  void finish(const std::shared_ptr<JobRun>& run, std::shared_ptr<const JobRun::End> end, std::chrono::seconds pause);
  void finished(const Job& ended);

  base::Mutex mutex_;
  JobSettings settings_ TR_GUARDED_BY(mutex_);
  base::Mutex listener_mutex_;  ///< Held while the listener is told.
  Listener listener_ TR_GUARDED_BY(listener_mutex_);
  std::atomic<std::size_t> set_aside_{0};
  std::array<base::Counter*, kStatuses> ended_{};  ///< By Status; null for those that are no end.
};

}  // namespace toolrack::call::jobs
