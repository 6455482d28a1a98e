#include "call/jobs/webhooks.hpp"

#include <fmt/format.h>
#include <sodium/randombytes.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.hpp"
#include "base/utf8.hpp"
#include "call/jobs/job_store.hpp"
#include "call/jobs/webhook_delivery.hpp"
#include "call/jobs/webhook_target.hpp"
#include "services/log/log.hpp"
#include "services/upstream/retry.hpp"

namespace toolrack::call::jobs {
namespace {

namespace http = services::http;
namespace log = services::log;
using State = WebhookDelivery::State;
using Due = WebhookStore::Due;

constexpr std::size_t kMostAtOnce = 64;
/// One account with slow receivers leaves room for the others.
constexpr std::size_t kMostOfAnAccount = 8;
constexpr std::chrono::seconds kTimeout{15};
constexpr std::chrono::seconds kConnectTimeout{5};
/// What a receiver answers is not read.
constexpr std::uint64_t kMaxAnswer = 4 << 10;
/// A result beyond this is left out, with a link to it.
constexpr std::size_t kMaxResult = 256 << 10;
constexpr std::size_t kMaxErrorText = 500;
/// A store that takes nothing is not asked at once again, and the receiver not either.
constexpr std::chrono::seconds kStorePause{60};
constexpr std::chrono::hours kLongestRetryAfter{8};
constexpr int kGone = 410;

struct Attempt {
  Due due;
  Job job;
  WebhookDelivery delivery;
};

/// What is wrong with an answer; nothing when it was taken.
std::optional<std::string> complaint(const http::Response& response) {
  if (response.status >= 200 && response.status < 300) return std::nullopt;
  if (response.status >= 300 && response.status < 400)
    return fmt::format("the receiver answered with status {}, and redirects are not followed", response.status);
  return fmt::format("the receiver answered with status {}", response.status);
}

}  // namespace

class Webhooks::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(Dependencies dependencies)
      : deps_(std::move(dependencies)), jobs_(deps_.store), webhooks_(deps_.store), timer_(deps_.loops[0].context()) {
    const auto counter = [&](const char* result) {
      return &deps_.metrics.counter("toolrack_webhook_attempts_total",
                                    "Attempts to tell webhooks that a job has ended.", {{"result", result}});
    };
    delivered_ = counter("delivered");
    to_repeat_ = counter("to_repeat");
    given_up_ = counter("given_up");
  }

  base::Result<void> check(std::string_view url) const {
    return check_webhook_url(url, *deps_.egress.load(), deps_.allows_plain_loopback);
  }
  void set_base_url(std::string_view url);
  void start();
  void look();
  void stop();
  bool wait_until_idle(std::chrono::milliseconds patience);

 private:
  // In the pool.
  void look_now();
  bool take(const Due& due);
  void begin(const Due& due);
  base::Result<std::string> body_of(const Job& job);
  bool leaves_it(const Attempt& attempt);
  void conclude(Attempt attempt, const http::Outcome& outcome);
  void record(const Attempt& attempt);

  void let_go(const std::string& job_id, bool after_a_pause);
  void look_soon() TR_REQUIRES(mutex_);
  void arm(std::int64_t due_unix_ns);

  const Dependencies deps_;
  JobStore jobs_;
  WebhookStore webhooks_;
  boost::asio::steady_timer timer_;  ///< Of loop 0.
  base::Counter *delivered_ = nullptr, *to_repeat_ = nullptr, *given_up_ = nullptr;

  struct Busy {
    std::string account;
    std::int64_t until_ns = 0;  ///< Monotonic; 0: it is being attempted. Else the store failed, and it is let alone.
  };
  base::Mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, Busy, std::less<>> busy_ TR_GUARDED_BY(mutex_);  ///< By job.
  std::string base_url_ TR_GUARDED_BY(mutex_);
  bool is_started_ TR_GUARDED_BY(mutex_) = false;
  bool is_stopped_ TR_GUARDED_BY(mutex_) = false;
  bool is_looking_ TR_GUARDED_BY(mutex_) = false, looks_again_ TR_GUARDED_BY(mutex_) = false;
};

void Webhooks::Impl::set_base_url(std::string_view url) {
  const base::Lock lock(mutex_);
  base_url_ = url;
}

void Webhooks::Impl::start() {
  {
    const base::Lock lock(mutex_);
    is_started_ = true;
  }
  look();
}

void Webhooks::Impl::look() {
  const base::Lock lock(mutex_);
  look_soon();
}

void Webhooks::Impl::look_soon() {
  if (!is_started_ || is_stopped_) return;
  looks_again_ = true;
  if (is_looking_) return;
  is_looking_ = deps_.pool.post([self = shared_from_this()] { self->look_now(); });
}

void Webhooks::Impl::stop() {
  const base::Lock lock(mutex_);
  is_stopped_ = true;
  boost::asio::post(deps_.loops[0].context(), [self = shared_from_this()] { self->timer_.cancel(); });
}

bool Webhooks::Impl::wait_until_idle(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  const auto is_being_attempted = [](const auto& entry) { return entry.second.until_ns == 0; };
  base::Lock lock(mutex_);
  while (is_looking_ || std::ranges::any_of(busy_, is_being_attempted)) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) return false;
    lock.wait_for(idle_, left);
  }
  return true;
}

/// Looks as often as somebody has asked since it last began.
void Webhooks::Impl::look_now() {
  for (;;) {
    std::size_t free = 0;
    {
      const base::Lock lock(mutex_);
      if (is_stopped_ || !std::exchange(looks_again_, false)) {
        is_looking_ = false;
        idle_.notify_all();
        return;
      }
      const auto now_ns = deps_.clock.monotonic_ns();
      std::erase_if(busy_,
                    [&](const auto& entry) { return entry.second.until_ns != 0 && entry.second.until_ns < now_ns; });
      free = kMostAtOnce - std::min(busy_.size(), kMostAtOnce);
    }
    if (free == 0) continue;  // Whoever ends next has it look again.
    const auto list = webhooks_.due(deps_.clock.unix_ns(), free, [this](const Due& due) { return take(due); });
    if (!list) {
      log::write(log::Level::kWarning, "what is owed to webhooks cannot be read", {{"reason", list.error().message()}});
      arm(deps_.clock.unix_ns() + std::chrono::nanoseconds(kStorePause).count());
      continue;
    }
    if (list->next_ns != 0) arm(list->next_ns);
    for (const auto& due : list->due) begin(due);
  }
}

/// Marks it as being attempted, unless it is already or there is no place for it.
bool Webhooks::Impl::take(const Due& due) {
  const base::Lock lock(mutex_);
  if (busy_.contains(due.job_id)) return false;
  const auto of_account =
      std::ranges::count_if(busy_, [&](const auto& entry) { return entry.second.account == due.account; });
  if (static_cast<std::size_t>(of_account) >= kMostOfAnAccount) return false;
  busy_.emplace(due.job_id, Busy{.account = due.account});
  return true;
}

void Webhooks::Impl::begin(const Due& due) {
  const auto give_back = [&](const base::Error& error) {
    log::write(log::Level::kWarning, "a webhook cannot be told yet",
               {{"job", due.job_id}, {"reason", error.message()}});
    let_go(due.job_id, true);
  };
  const auto job = jobs_.find(due.job_id);
  const auto delivery = webhooks_.find(due.job_id);
  // One whose record cannot be read is no reason to come back for ever, and one that is forgotten neither. The list may
  // also be older than the end of an attempt: then its row is gone, and this would tell the receiver before its time.
  if (!job || !*job || !delivery || !*delivery || !WebhookStore::is_current(due, **delivery)) {
    if (const auto dropped = webhooks_.drop(due); !dropped) return give_back(dropped.error());
    return let_go(due.job_id, false);
  }
  Attempt attempt{.due = due, .job = **job, .delivery = **delivery};
  // The configuration may be another one than when the job was taken.
  if (auto allowed = check(attempt.job.webhook); !allowed)
    return conclude(std::move(attempt), tl::unexpected(http::Failure{std::move(allowed).error(), http::Sent::kNo}));
  const auto secret = deps_.secrets.get(attempt.job.account);
  if (!secret) return give_back(secret.error());
  auto body = body_of(attempt.job);
  if (!body) return give_back(body.error());

  const auto now_ns = deps_.clock.unix_ns();
  http::Request request;
  request.method = "POST";
  request.url = attempt.job.webhook;
  request.headers = {{"content-type", "application/json"},
                     {"webhook-id", attempt.job.id},
                     {"webhook-timestamp", std::to_string(now_ns / 1'000'000'000)},
                     {"webhook-signature", secret->sign(attempt.job.id, now_ns, *body)}};
  request.body = *std::move(body);
  request.timeout = kTimeout;
  request.connect_timeout = kConnectTimeout;
  request.max_bytes = kMaxAnswer;
  request.max_redirects = 0;
  auto& loop = deps_.loops.next();
  boost::asio::post(loop.context(), [self = shared_from_this(), &client = *deps_.clients[loop.index()],
                                     request = std::move(request), attempt = std::move(attempt)]() mutable {
    if (self->leaves_it(attempt)) return;  // The client may be gone.
    client.send(std::move(request), nullptr, [self, attempt = std::move(attempt)](http::Outcome outcome) mutable {
      // Shared, because std::function wants copyable captures.
      auto shared = std::make_shared<std::pair<Attempt, http::Outcome>>(std::move(attempt), std::move(outcome));
      self->deps_.pool.post([self, shared] { self->conclude(std::move(shared->first), shared->second); });
    });
  });
}

/// The job as its account sees it, but for what cannot be sent in a moment.
base::Result<std::string> Webhooks::Impl::body_of(const Job& job) {
  std::string more;
  if (job.pieces == 1) more = TRY(jobs_.result(job));
  if (job.pieces > 1 || more.size() > kMaxResult) {
    const base::Lock lock(mutex_);
    more = fmt::format(R"({{"result_url":{}}})", base::json::quote(fmt::format("{}/v1/jobs/{}", base_url_, job.id)));
  }
  return to_json(job, more);
}

/// A gateway that stops breaks requests off: those have not failed, and are made again by the next one.
bool Webhooks::Impl::leaves_it(const Attempt& attempt) {
  const base::Lock lock(mutex_);
  if (!is_stopped_) return false;
  busy_.erase(attempt.job.id);
  idle_.notify_all();
  return true;
}

void Webhooks::Impl::conclude(Attempt attempt, const http::Outcome& outcome) {
  if (leaves_it(attempt)) return;
  auto& delivery = attempt.delivery;
  const auto now_ns = deps_.clock.unix_ns();
  ++delivery.attempts;
  const auto wrong = outcome ? complaint(*outcome) : std::optional(outcome.error().error.message());
  if (!wrong) {
    delivery.state = State::kDelivered;
    delivery.ended_ns = now_ns;
    delivered_->add();
    return record(attempt);
  }
  delivery.last_error = base::truncate_utf8(base::replace_invalid_utf8(*wrong), kMaxErrorText);
  auto pause = pause_after(delivery.attempts, randombytes_random());
  if (outcome && outcome->status == kGone) pause.reset();
  if (pause) {
    if (outcome)
      if (const auto wanted = services::upstream::retry_after(*outcome, now_ns))
        pause =
            std::max<std::chrono::nanoseconds>(*pause, std::min<std::chrono::nanoseconds>(*wanted, kLongestRetryAfter));
    delivery.due_ns = now_ns + pause->count();
    to_repeat_->add();
  } else {
    delivery.state = State::kFailed;
    delivery.ended_ns = now_ns;
    given_up_->add();
    log::write(
        log::Level::kNotice, "a webhook is given up",
        {{"job", attempt.job.id}, {"attempts", std::uint64_t{delivery.attempts}}, {"reason", delivery.last_error}});
  }
  record(attempt);
}

void Webhooks::Impl::record(const Attempt& attempt) {
  const auto recorded = webhooks_.record(attempt.due, attempt.delivery);
  if (!recorded)
    log::write(log::Level::kWarning, "what came of a webhook cannot be kept: it will be told again",
               {{"job", attempt.job.id}, {"reason", recorded.error().message()}});
  let_go(attempt.job.id, !recorded);
}

void Webhooks::Impl::let_go(const std::string& job_id, bool after_a_pause) {
  {
    const base::Lock lock(mutex_);
    if (after_a_pause) {
      busy_.find(job_id)->second.until_ns = deps_.clock.monotonic_ns() + std::chrono::nanoseconds(kStorePause).count();
    } else {
      busy_.erase(job_id);
      look_soon();  // There is a place free. In this moment: between the two nobody may find it idle.
    }
    idle_.notify_all();
  }
  if (after_a_pause) arm(deps_.clock.unix_ns() + std::chrono::nanoseconds(kStorePause).count());
}

/// Has it look then, or earlier.
void Webhooks::Impl::arm(std::int64_t due_unix_ns) {
  boost::asio::post(deps_.loops[0].context(), [self = shared_from_this(), due_unix_ns] {
    const auto left = std::chrono::nanoseconds(std::max<std::int64_t>(due_unix_ns - self->deps_.clock.unix_ns(), 0));
    const auto at = std::chrono::steady_clock::now() + left;
    const bool is_armed = self->timer_.expiry() > std::chrono::steady_clock::now();
    if (is_armed && self->timer_.expiry() <= at) return;
    self->timer_.expires_at(at);
    self->timer_.async_wait([self](boost::system::error_code error) {
      if (!error) self->look();
    });
  });
}

Webhooks::Webhooks(Dependencies dependencies) : impl_(std::make_shared<Impl>(std::move(dependencies))) {}

Webhooks::~Webhooks() = default;

base::Result<void> Webhooks::check(std::string_view url) const { return impl_->check(url); }

void Webhooks::set_base_url(std::string_view url) { impl_->set_base_url(url); }

void Webhooks::start() { impl_->start(); }

void Webhooks::look() { impl_->look(); }

void Webhooks::stop() { impl_->stop(); }

bool Webhooks::wait_until_idle(std::chrono::milliseconds patience) { return impl_->wait_until_idle(patience); }

}  // namespace toolrack::call::jobs
