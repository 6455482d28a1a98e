#include "call/jobs/jobs.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.hpp"
#include "call/jobs/job_run.hpp"
#include "call/jobs/job_store.hpp"
#include "call/jobs/webhook_delivery.hpp"
#include "call/jobs/webhooks.hpp"

namespace toolrack::call::jobs {
namespace {

using base::ErrorCode;

/// How long the end of a job is kept back when the store does not take it, the first time and at most.
constexpr std::chrono::seconds kFirstPause{1}, kLongestPause{60};

/// Somebody who wants to hear of the end of a job. Everything of its loop.
struct Waiter {
  Waiter(base::Loop& home, std::function<void()> then) : loop(home), timer(home.context()), ready(std::move(then)) {}
  void tell() {
    timer.cancel();
    if (const auto then = std::exchange(ready, nullptr)) then();
  }
  base::Loop& loop;
  boost::asio::steady_timer timer;
  std::function<void()> ready;  ///< Null once it was called.
};
using Waiters = std::vector<std::weak_ptr<Waiter>>;

void tell_all(const Waiters& waiters) {
  for (const auto& weak : waiters)
    if (const auto waiter = weak.lock()) boost::asio::post(waiter->loop.context(), [waiter] { waiter->tell(); });
}

}  // namespace

class Jobs::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(store::Store& its_store, const base::Clock& its_clock, base::Metrics& metrics, JobSettings its_settings)
      : store(its_store),
        deliveries(its_store),
        clock(its_clock),
        settings_(its_settings),
        running_(metrics.gauge("toolrack_jobs", "Jobs that have not ended.", {{"state", "running"}})) {
    for (const auto status : {Status::kCompleted, Status::kFailed, Status::kCancelled})
      ended_[static_cast<std::size_t>(status)] = &metrics.counter(
          "toolrack_jobs_ended_total", "Jobs by how they ended.", {{"state", std::string(to_string(status))}});
  }

  void begin(CallPath& path, base::Loop& loop, std::uint64_t ticket, Job job, OnBegun begun);
  /// The run of a job that has not ended, if it is the account's.
  std::shared_ptr<JobRun> find(std::string_view account, std::string_view id);
  bool add_waiter(std::string_view account, std::string_view id, const std::shared_ptr<Waiter>& waiter);
  void set_settings(const JobSettings& settings);
  /// Whatever the reason, the job is over: gives it its times.
  void end(Job& job);
  void count(Status status) { ended_[static_cast<std::size_t>(status)]->add(); }
  void stop_taking();
  std::size_t end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace);

  JobStore store;
  WebhookStore deliveries;
  const base::Clock& clock;
  Webhooks* webhooks = nullptr;  ///< Set once, before any call.

 private:
  struct Entry {
    std::shared_ptr<JobRun> run;
    Waiters waiters;
    bool is_over = false;  ///< Its end is in the store; nobody need wait for it any more.
  };
  base::Result<void> add(const std::shared_ptr<JobRun>& run);
  void remove(const std::string& id);
  void finish(const std::shared_ptr<JobRun>& run, const Job& ended, std::shared_ptr<const std::string> result,
              std::chrono::seconds pause);
  bool wait_until_empty(std::chrono::milliseconds patience) TR_EXCLUDES(mutex_);

  base::Mutex mutex_;
  std::condition_variable removed_;
  std::map<std::string, Entry, std::less<>> unfinished_ TR_GUARDED_BY(mutex_);
  std::map<std::string, std::uint32_t, std::less<>> per_account_ TR_GUARDED_BY(mutex_);
  JobSettings settings_ TR_GUARDED_BY(mutex_);
  bool is_stopping_ TR_GUARDED_BY(mutex_) = false;

  base::Gauge& running_;
  std::array<base::Counter*, 5> ended_{};  ///< By Status; null for those that are no end.
};

base::Result<void> Jobs::Impl::add(const std::shared_ptr<JobRun>& run) {
  const base::Lock lock(mutex_);
  if (is_stopping_) return base::fail(ErrorCode::kUnavailable, "the gateway is stopping");
  auto& count = per_account_[run->account()];
  if (count >= settings_.per_account)
    return tl::unexpected(
        base::Error(
            ErrorCode::kTooManyConcurrent,
            fmt::format("{} jobs of the account have not ended, and it may have {}", count, settings_.per_account),
            "Wait for one of them (GET /v1/jobs/<id>?wait=30), or cancel one (POST /v1/jobs/<id>/cancel).")
            .with_name("too_many_jobs"));
  ++count;
  unfinished_.emplace(run->id(), Entry{.run = run, .waiters = {}});
  running_.add(1);
  return {};
}

/// The last that is known of it here; whoever waits may read it from the store. Who waits for the table to be empty
/// hears of it last, because the loops may be gone then.
void Jobs::Impl::remove(const std::string& id) {
  Waiters waiters;
  {
    const base::Lock lock(mutex_);
    auto& entry = unfinished_.find(id)->second;
    entry.is_over = true;
    waiters = std::move(entry.waiters);
    const auto account = per_account_.find(entry.run->account());
    if (--account->second == 0) per_account_.erase(account);
  }
  running_.add(-1);
  tell_all(waiters);
  const base::Lock lock(mutex_);
  unfinished_.erase(id);
  removed_.notify_all();
}

void Jobs::Impl::begin(CallPath& path, base::Loop& loop, std::uint64_t ticket, Job job, OnBegun begun) {
  const auto run = std::make_shared<JobRun>(std::move(job), path, loop, ticket);
  const auto say = [&loop](OnBegun to, base::Result<Begun> what) {
    boost::asio::post(loop.context(), [to = std::move(to), what = std::move(what)]() mutable { to(std::move(what)); });
  };
  if (auto added = add(run); !added) return say(std::move(begun), tl::unexpected(std::move(added).error()));
  store.create(run->job(), [self = shared_from_this(), run, say,
                            begun = std::move(begun)](base::Result<store::Receipt> written) mutable {
    if (!written || !written->accepted()) {
      self->remove(run->id());
      return say(std::move(begun),
                 tl::unexpected(written ? base::Error(ErrorCode::kInternal, "a job's id was given twice")
                                        : std::move(written).error()));
    }
    boost::asio::post(run->loop().context(), [self, run, begun = std::move(begun)] {
      // Weak, because the table holds the run, and the run this.
      run->begin([weak_self = self->weak_from_this(), weak_run = std::weak_ptr(run)](Job ended, std::string result) {
        const auto owner = weak_self.lock();
        const auto one = weak_run.lock();
        if (owner == nullptr || one == nullptr) return;
        owner->end(ended);
        owner->finish(one, ended, std::make_shared<const std::string>(std::move(result)), kFirstPause);
      });
      begun(Begun{.id = run->id(), .sink = run.get()});
    });
  });
}

void Jobs::Impl::end(Job& job) {
  const base::Lock lock(mutex_);
  job.ended_ns = clock.unix_ns();
  job.expires_ns = job.ended_ns + std::chrono::nanoseconds(settings_.keep).count();
}

/// Until it is written, the job is told to run: what is told must survive.
void Jobs::Impl::finish(const std::shared_ptr<JobRun>& run, const Job& ended, std::shared_ptr<const std::string> result,
                        std::chrono::seconds pause) {
  store.finish(
      ended, *result,
      [self = shared_from_this(), run, ended, result, pause](const base::Result<store::Receipt>& written) {
        if (written) {  // Refused: an earlier try did reach the disk although the store had to report a failure.
          self->count(ended.status);
          if (!ended.webhook.empty() && self->webhooks != nullptr) self->webhooks->look();
          return self->remove(run->id());
        }
        boost::asio::post(run->loop().context(), [self, run, ended, result, pause] {
          const auto timer = std::make_shared<boost::asio::steady_timer>(run->loop().context(), pause);
          timer->async_wait([self, run, ended, result, pause, timer](boost::system::error_code error) {
            if (!error) self->finish(run, ended, result, std::min(2 * pause, kLongestPause));
          });
        });
      });
}

std::shared_ptr<JobRun> Jobs::Impl::find(std::string_view account, std::string_view id) {
  const base::Lock lock(mutex_);
  const auto found = unfinished_.find(id);
  if (found == unfinished_.end() || found->second.run->account() != account) return nullptr;
  return found->second.run;
}

bool Jobs::Impl::add_waiter(std::string_view account, std::string_view id, const std::shared_ptr<Waiter>& waiter) {
  const base::Lock lock(mutex_);
  const auto found = unfinished_.find(id);
  if (is_stopping_ || found == unfinished_.end() || found->second.is_over || found->second.run->account() != account)
    return false;
  auto& waiters = found->second.waiters;
  std::erase_if(waiters, [](const auto& weak) { return weak.expired(); });
  waiters.push_back(waiter);
  return true;
}

void Jobs::Impl::set_settings(const JobSettings& settings) {
  const base::Lock lock(mutex_);
  settings_ = settings;
}

void Jobs::Impl::stop_taking() {
  std::vector<Waiters> all;
  {
    const base::Lock lock(mutex_);
    is_stopping_ = true;
    for (auto& [id, entry] : unfinished_) all.push_back(std::exchange(entry.waiters, {}));
  }
  std::ranges::for_each(all, tell_all);
}

bool Jobs::Impl::wait_until_empty(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  base::Lock lock(mutex_);
  while (!unfinished_.empty()) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) return false;
    lock.wait_for(removed_, left);
  }
  return true;
}

std::size_t Jobs::Impl::end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace) {
  if (wait_until_empty(patience)) return 0;
  std::vector<std::shared_ptr<JobRun>> runs;
  {
    const base::Lock lock(mutex_);
    for (const auto& [id, entry] : unfinished_) runs.push_back(entry.run);
  }
  for (const auto& run : runs) run->cancel(JobRun::Reason::kInterrupted);
  static_cast<void>(wait_until_empty(grace));  // Those that are left are ended by the next start.
  return runs.size();
}

Jobs::Jobs(store::Store& store, const base::Clock& clock, base::Metrics& metrics, JobSettings settings)
    : impl_(std::make_shared<Impl>(store, clock, metrics, settings)) {}

Jobs::~Jobs() = default;

base::Result<std::size_t> Jobs::recover() {
  return impl_->store.finish_leftovers([this](Job& job) {
    interrupt(job);
    impl_->end(job);
    impl_->count(job.status);
  });
}

void Jobs::set_settings(const JobSettings& settings) { impl_->set_settings(settings); }

void Jobs::set_webhooks(Webhooks& webhooks) { impl_->webhooks = &webhooks; }

base::Result<void> Jobs::check_webhook(std::string_view url) const {
  if (impl_->webhooks == nullptr) return base::fail(ErrorCode::kUnavailable, "this gateway tells no webhooks");
  return impl_->webhooks->check(url);
}

void Jobs::begin(CallPath& path, base::Loop& loop, std::uint64_t ticket, const CallRequest& request,
                 const registry::Skill& skill, OnBegun begun) {
  Job job;
  job.id = make_job_id();
  job.account = (*request.principal)->account;
  job.tool = skill.tool->slug;
  job.version = skill.tool->version;
  job.skill = skill.name;
  job.request_id = request.request_id;
  job.webhook = request.webhook;
  job.created_ns = impl_->clock.unix_ns();
  impl_->begin(path, loop, ticket, std::move(job), std::move(begun));
}

base::Result<std::string> Jobs::describe(std::string_view account, std::string_view id) {
  // First what is in memory: one that ends meanwhile has its end in the store.
  const auto run = impl_->find(account, id);
  auto job = TRY(impl_->store.find(id));
  if (!job || job->account != account) return tl::unexpected(job_not_found(id));
  std::string result;
  if (is_over(job->status)) {
    result = TRY(impl_->store.result(*job));
  } else if (run != nullptr && run->has_begun()) {
    job->status = Status::kRunning;
    job->progress = run->progress();
    if (auto partials = run->partials_json(); partials != "[]") result = fmt::format(R"({{"partials":{}}})", partials);
  }
  if (job->webhook.empty()) return to_json(*job, result);
  const auto delivery = TRY(impl_->deliveries.find(id));
  const auto webhook = webhook_json(*job, delivery ? &*delivery : nullptr);
  return to_json(*job, fmt::format(R"({{"webhook":{}{})", webhook, result.empty() ? "}" : "," + result.substr(1)));
}

base::Result<std::vector<Job>> Jobs::list(std::string_view account, std::string_view after, std::size_t limit) {
  auto jobs = TRY(impl_->store.list(account, after, limit));
  for (auto& job : jobs) {
    const auto run = is_over(job.status) ? nullptr : impl_->find(account, job.id);
    if (run == nullptr || !run->has_begun()) continue;
    job.status = Status::kRunning;
    job.progress = run->progress();
  }
  return jobs;
}

void Jobs::cancel(std::string_view account, std::string_view id) {
  if (const auto run = impl_->find(account, id)) run->cancel(JobRun::Reason::kWanted);
}

void Jobs::await_end(std::string_view account, std::string_view id, std::chrono::milliseconds patience,
                     base::Loop& loop, std::function<void()> ready) {
  const auto waiter = std::make_shared<Waiter>(loop, std::move(ready));
  if (patience.count() <= 0 || !impl_->add_waiter(account, id, waiter)) return waiter->tell();
  waiter->timer.expires_after(std::min<std::chrono::milliseconds>(patience, kLongestWait));
  waiter->timer.async_wait([waiter](boost::system::error_code) { waiter->tell(); });
}

base::Result<std::size_t> Jobs::sweep() { return impl_->store.sweep(impl_->clock.unix_ns()); }

void Jobs::stop_taking() { impl_->stop_taking(); }

std::size_t Jobs::end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace) {
  return impl_->end_running(patience, grace);
}

}  // namespace toolrack::call::jobs
