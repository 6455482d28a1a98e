#include "call/jobs/unfinished_jobs.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

#include "call/jobs/jobs.hpp"

namespace toolrack::call::jobs {

using base::ErrorCode;

/// Somebody who wants to hear of the end of a job. Everything of its loop.
class JobWaiter {
 public:
  JobWaiter(base::Loop& home, std::function<void()> then) : loop(home), timer(home.context()), ready(std::move(then)) {}
  void tell() {
    timer.cancel();
    if (const auto then = std::exchange(ready, nullptr)) then();
  }
  base::Loop& loop;
  boost::asio::steady_timer timer;
  std::function<void()> ready;  ///< Null once it was called.
};

void UnfinishedJobs::tell_all(const Waiters& waiters) {
  for (const auto& weak : waiters)
    if (const auto waiter = weak.lock()) boost::asio::post(waiter->loop.context(), [waiter] { waiter->tell(); });
}

base::Result<void> UnfinishedJobs::add(const std::shared_ptr<JobRun>& run, std::uint32_t most) {
  const base::Lock lock(mutex_);
  if (is_stopping_) return base::fail(ErrorCode::kUnavailable, "the gateway is stopping");
  auto& count = per_account_[run->account()];
  if (count >= most)
    return tl::unexpected(
        base::Error(ErrorCode::kTooManyConcurrent,
                    fmt::format("{} jobs of the account have not ended, and it may have {}", count, most),
                    "Wait for one of them (GET /v1/jobs/<id>?wait=30), or cancel one (POST /v1/jobs/<id>/cancel).")
            .with_name("too_many_jobs"));
  ++count;
  entries_.emplace(run->id(), Entry{.account = run->account(), .run = run});
  running_.add(1);
  return {};
}

void UnfinishedJobs::add(WaitingJob waiting) {
  const base::Lock lock(mutex_);
  auto& entry = entries_[waiting.job.id];
  entry.account = waiting.job.account;
  entry.waiting = std::move(waiting);
  ++per_account_[entry.account];
}

std::vector<WaitingJob> UnfinishedJobs::waiting() {
  const base::Lock lock(mutex_);
  std::vector<WaitingJob> all;
  for (const auto& [id, entry] : entries_)
    if (entry.waiting) all.push_back(*entry.waiting);
  return all;
}

bool UnfinishedJobs::run_again(const std::shared_ptr<JobRun>& run) {
  const base::Lock lock(mutex_);
  const auto found = entries_.find(run->id());
  if (is_stopping_ || found == entries_.end() || !found->second.waiting) return false;
  found->second.waiting.reset();
  found->second.run = run;
  running_.add(1);
  return true;
}

std::optional<WaitingJob> UnfinishedJobs::take(std::string_view account, std::string_view id) {
  const base::Lock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.account != account) return std::nullopt;
  return std::exchange(found->second.waiting, std::nullopt);
}

void UnfinishedJobs::put_back(WaitingJob waiting) {
  const base::Lock lock(mutex_);
  auto& entry = entries_.find(waiting.job.id)->second;
  if (std::exchange(entry.run, nullptr) != nullptr) running_.add(-1);
  entry.waiting = std::move(waiting);
  changed_.notify_all();
}

std::shared_ptr<JobRun> UnfinishedJobs::find(std::string_view account, std::string_view id) {
  const base::Lock lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() || found->second.account != account ? nullptr : found->second.run;
}

/// The last that is known of it here; whoever waits may read it from the store. Who waits for the table to be empty
/// hears of it last, because the loops may be gone then.
void UnfinishedJobs::remove(const std::string& id) {
  Waiters waiters;
  {
    const base::Lock lock(mutex_);
    auto& entry = entries_.find(id)->second;
    entry.is_over = true;
    waiters = std::move(entry.waiters);
    if (entry.run != nullptr) running_.add(-1);
    const auto account = per_account_.find(entry.account);
    if (--account->second == 0) per_account_.erase(account);
  }
  tell_all(waiters);
  const base::Lock lock(mutex_);
  entries_.erase(id);
  changed_.notify_all();
}

void UnfinishedJobs::wake(const std::string& id) {
  Waiters waiters;
  {
    const base::Lock lock(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end())
      waiters = std::exchange(found->second.waiters, {});
  }
  tell_all(waiters);
}

void UnfinishedJobs::await_end(std::string_view account, std::string_view id, std::chrono::milliseconds patience,
                               base::Loop& loop, std::function<void()> ready) {
  const auto waiter = std::make_shared<JobWaiter>(loop, std::move(ready));
  if (patience.count() <= 0 || !add_waiter(account, id, waiter)) return waiter->tell();
  waiter->timer.expires_after(std::min<std::chrono::milliseconds>(patience, kLongestWait));
  waiter->timer.async_wait([waiter](boost::system::error_code) { waiter->tell(); });
}

bool UnfinishedJobs::add_waiter(std::string_view account, std::string_view id,
                                const std::shared_ptr<JobWaiter>& waiter) {
  const base::Lock lock(mutex_);
  const auto found = entries_.find(id);
  if (is_stopping_ || found == entries_.end() || found->second.is_over || found->second.account != account)
    return false;
  auto& waiters = found->second.waiters;
  std::erase_if(waiters, [](const auto& weak) { return weak.expired(); });
  waiters.push_back(waiter);
  return true;
}

void UnfinishedJobs::stop() {
  std::vector<Waiters> all;
  {
    const base::Lock lock(mutex_);
    is_stopping_ = true;
    for (auto& [id, entry] : entries_) all.push_back(std::exchange(entry.waiters, {}));
  }
  std::ranges::for_each(all, tell_all);
}

bool UnfinishedJobs::wait_until_ended(Which which, std::chrono::milliseconds patience) {
  // A job that runs on may become one that can go on, which nobody tells.
  constexpr std::chrono::milliseconds kLook{100};
  const auto end = std::chrono::steady_clock::now() + patience;
  base::Lock lock(mutex_);
  for (;;) {
    const auto holds_up = [&](const auto& row) {
      const auto& run = row.second.run;
      return run != nullptr && (which == Which::kAll || !(run->can_go_on() || run->is_asking()));
    };
    if (std::ranges::none_of(entries_, holds_up)) return true;
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) return false;
    lock.wait_for(changed_, std::min<std::chrono::nanoseconds>(left, kLook));
  }
}

std::vector<std::shared_ptr<JobRun>> UnfinishedJobs::runs() {
  const base::Lock lock(mutex_);
  std::vector<std::shared_ptr<JobRun>> all;
  for (const auto& [id, entry] : entries_)
    if (entry.run != nullptr) all.push_back(entry.run);
  return all;
}

}  // namespace toolrack::call::jobs
