#include "services/upstream/client.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <random>
#include <unordered_map>
#include <utility>

#include "services/upstream/http_record.hpp"
#include "services/upstream/replayed_exchange.hpp"
#include "services/upstream/retry.hpp"
#include "services/upstream/scrubber.hpp"

namespace toolrack::services::upstream {

using base::Error;
using base::ErrorCode;
using std::chrono::milliseconds;

/// Shared by the exchanges that run; handlers of the loop hold on to it.
class Client::Impl {
 public:
  explicit Impl(const Dependencies& given) : deps(given) {}

  const Dependencies deps;
  std::unordered_map<http::RequestId, std::shared_ptr<Exchange>> exchanges;
  std::unordered_map<http::RequestId, std::shared_ptr<ReplayedExchange>> replayed;
  http::RequestId last_id = 0;
  std::minstd_rand random{std::random_device()()};
  bool is_closed = false;
};

/// One request through all its tries. Used by the loop's thread; kept by the table and by what it waits for.
class Client::Exchange final : public http::Sink, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<Impl> client, http::RequestId id, Request request, http::Sink* sink,
           std::function<void(http::Outcome)> done)
      : client_(std::move(client)),
        id_(id),
        request_(std::move(request)),
        sink_(sink),
        done_(std::move(done)),
        timer_(client_->deps.loop.context()),
        deadline_(SteadyClock::now() + std::min<SteadyClock::duration>(request_.http.timeout, std::chrono::hours(24))),
        scrubber_(request_.signing ? request_.signing->private_texts() : std::vector<std::string>()),
        is_repeatable_(request_.is_idempotent || is_idempotent(request_.http.method)) {
    if (!request_.may_retry) request_.http.may_resend = false;
    if (request_.recording != nullptr) record_ = std::make_unique<HttpRecord>(*request_.recording, request_);
  }

  void start();
  void cancel();
  void close();  ///< The client goes: ends now.
  void resume() {
    if (http_id_ != 0) deps().http.resume(http_id_);
  }

  Next head(const http::Response& response) override;
  Next body(std::string_view bytes) override;

 private:
  using SteadyClock = std::chrono::steady_clock;

  const Dependencies& deps() const noexcept { return client_->deps; }
  milliseconds time_left() const {
    return std::chrono::ceil<milliseconds>(std::max(deadline_ - SteadyClock::now(), SteadyClock::duration::zero()));
  }
  void attempt();
  void launch(std::uint64_t nonce);
  void on_done(http::Outcome outcome);
  std::optional<milliseconds> wait_before_retry(const http::Outcome& outcome) const;
  std::optional<milliseconds> wait_after(const http::Response& response) const;
  bool may_try_again() const noexcept { return request_.may_retry && attempt_ + 1 < kMaxAttempts && !is_cancelled_; }
  milliseconds jitter() const { return backoff(attempt_, static_cast<std::uint32_t>(client_->random())); }
  void release();
  void wait(SteadyClock::time_point until, void (Exchange::*then)());
  void expire();
  void fail(Error error);
  void clean(http::Outcome& outcome) const;
  void end(http::Outcome outcome);

  const std::shared_ptr<Impl> client_;
  const http::RequestId id_;
  Request request_;
  http::Sink* const sink_;
  std::function<void(http::Outcome)> done_;
  boost::asio::steady_timer timer_;
  const SteadyClock::time_point deadline_;
  Scrubber scrubber_;
  const bool is_repeatable_;
  std::unique_ptr<HttpRecord> record_;  // Null: nothing is recorded.

  std::uint32_t attempt_ = 0;
  http::RequestId http_id_ = 0;        // While the request is with the HTTP client.
  ProviderPlaces::Waiter waiter_ = 0;  // While it waits for a place.
  bool has_place_ = false;
  credentials::Nonces::Turn turn_ = 0;        // From entering the line to the end of the try.
  std::optional<milliseconds> planned_wait_;  // A head asked for another try.
  bool is_head_given_ = false, is_cancelled_ = false, is_ended_ = false;
  http::Sent sent_ = http::Sent::kNo;  // In some try.
};

void Client::Exchange::start() {
  if (is_ended_) return;
  if (is_cancelled_) return fail({ErrorCode::kCancelled, "The request was cancelled"});
  if (request_.refusal) return fail(std::move(*request_.refusal));
  if (!request_.places) return attempt();
  waiter_ = request_.places->enter(request_.concurrency, deps().loop, [self = shared_from_this()] {
    self->waiter_ = 0;
    if (self->is_ended_) return self->request_.places->leave();  // Gave up when the place was on its way already.
    self->timer_.cancel();
    self->has_place_ = true;
    self->attempt();
  });
  if (waiter_ != 0) return wait(deadline_, &Exchange::expire);
  has_place_ = true;
  attempt();
}

void Client::Exchange::attempt() {
  if (!request_.signing || !request_.signing->needs_nonce()) return launch(0);
  turn_ = deps().nonces.enter(request_.signing->identity(), !request_.signing->is_callers(), deps().loop,
                              [self = shared_from_this()](base::Result<std::uint64_t> number) {
                                if (self->is_ended_) return;
                                if (number) return self->launch(*number);
                                self->turn_ = 0;
                                self->fail(std::move(number).error());
                              });
  wait(deadline_, &Exchange::expire);
}

void Client::Exchange::launch(std::uint64_t nonce) {
  timer_.cancel();
  if (is_cancelled_) return fail({ErrorCode::kCancelled, "The request was cancelled"});
  auto request = request_.http;  // A copy: there may be another try.
  request.timeout = time_left();
  if (request.timeout.count() == 0) return expire();
  request.connect_timeout = std::min(request.connect_timeout, request.timeout);
  if (request_.signing) {
    if (auto applied = request_.signing->apply(request, nonce); !applied) return fail(std::move(applied).error());
    if (record_) record_->note_signed(request_.http, request, nonce);
  }
  http_id_ = deps().http.send(std::move(request), sink_ == nullptr ? nullptr : this,
                              [self = shared_from_this()](http::Outcome outcome) {
                                self->http_id_ = 0;
                                if (!self->is_ended_) self->on_done(std::move(outcome));
                              });
}

http::Sink::Next Client::Exchange::head(const http::Response& response) {
  if (is_ended_ || is_cancelled_) return Next::kStop;
  planned_wait_ = wait_after(response);
  if (planned_wait_) return Next::kStop;
  is_head_given_ = true;
  if (scrubber_.is_empty()) {
    if (record_) record_->head(response);
    return sink_->head(response);
  }
  auto copy = response;
  for (auto& header : copy.headers) scrubber_.hide(header.value);
  scrubber_.hide(copy.url);
  if (record_) record_->head(copy);
  return sink_->head(copy);
}

http::Sink::Next Client::Exchange::body(std::string_view bytes) {
  if (is_ended_) return Next::kStop;
  if (scrubber_.is_empty()) {
    if (record_) record_->body(bytes);
    return sink_->body(bytes);
  }
  const auto text = scrubber_.feed(bytes);
  if (record_) record_->body(text);
  return text.empty() ? Next::kMore : sink_->body(text);
}

void Client::Exchange::on_done(http::Outcome outcome) {
  if (outcome || outcome.error().sent == http::Sent::kMaybe) sent_ = http::Sent::kMaybe;
  const auto wait_for = wait_before_retry(outcome);
  release();
  if (!wait_for) return end(std::move(outcome));
  ++attempt_;
  planned_wait_.reset();
  wait(SteadyClock::now() + *wait_for, &Exchange::start);
}

std::optional<milliseconds> Client::Exchange::wait_after(const http::Response& response) const {
  if (!may_try_again() || !is_repeatable_ || !is_retryable_status(response.status)) return std::nullopt;
  auto asked = retry_after(response, deps().clock.unix_ns());
  if (!asked && request_.find_retry_after) asked = request_.find_retry_after(response);
  const auto wait = asked ? *asked + jitter() / 4 : jitter();
  if (wait > kLongestWait || wait >= time_left()) return std::nullopt;
  return wait;
}

std::optional<milliseconds> Client::Exchange::wait_before_retry(const http::Outcome& outcome) const {
  if (is_cancelled_) return std::nullopt;
  if (planned_wait_) return planned_wait_;
  if (outcome) return sink_ == nullptr ? wait_after(*outcome) : std::nullopt;
  if (!may_try_again() || is_head_given_ || !upstream::may_retry(outcome.error(), is_repeatable_)) return std::nullopt;
  const auto wait = jitter();
  return wait < time_left() ? std::optional(wait) : std::nullopt;
}

/// Gives back the place and the turn of this try.
void Client::Exchange::release() {
  if (turn_ != 0) deps().nonces.leave(std::exchange(turn_, 0));
  if (waiter_ != 0 && request_.places->give_up(waiter_)) waiter_ = 0;
  if (std::exchange(has_place_, false)) request_.places->leave();
}

void Client::Exchange::wait(SteadyClock::time_point until, void (Exchange::*then)()) {
  timer_.expires_at(until);
  timer_.async_wait([self = shared_from_this(), then](boost::system::error_code error) {
    if (!error && !self->is_ended_) (self.get()->*then)();
  });
}

void Client::Exchange::expire() {
  fail({ErrorCode::kTimeout,
        fmt::format("the request waited {} ms for its turn{}, and was not sent", request_.http.timeout.count(),
                    request_.places ? " at " + request_.places->name() : "")});
}

void Client::Exchange::cancel() {
  if (is_ended_ || std::exchange(is_cancelled_, true)) return;
  if (http_id_ != 0) return deps().http.cancel(http_id_);  // Its `done` follows, and knows what was sent.
  timer_.cancel();
  boost::asio::post(deps().loop.context(), [self = shared_from_this()] {
    if (!self->is_ended_ && self->http_id_ == 0) self->fail({ErrorCode::kCancelled, "The request was cancelled"});
  });
}

void Client::Exchange::close() {
  is_cancelled_ = true;
  if (http_id_ != 0) deps().http.cancel(http_id_);
  fail({ErrorCode::kCancelled, "The request was cancelled"});
}

void Client::Exchange::fail(Error error) { end(tl::unexpected(http::Failure{std::move(error), sent_})); }

void Client::Exchange::clean(http::Outcome& outcome) const {
  if (scrubber_.is_empty()) return;
  if (outcome) {
    scrubber_.hide(outcome->body);
    scrubber_.hide(outcome->url);
    for (auto& header : outcome->headers) scrubber_.hide(header.value);
    return;
  }
  auto& error = outcome.error().error;
  auto message = error.message();
  scrubber_.hide(message);
  if (message != error.message()) error = Error(error.code(), std::move(message));
}

/// The only way out. The caller's function may destroy the client.
void Client::Exchange::end(http::Outcome outcome) {
  if (std::exchange(is_ended_, true)) return;
  const auto self = shared_from_this();
  release();
  timer_.cancel();
  clean(outcome);
  if (!outcome && sent_ == http::Sent::kMaybe) outcome.error().sent = http::Sent::kMaybe;
  if (outcome && is_head_given_) {
    if (const auto rest = scrubber_.finish(); !rest.empty()) {
      if (record_) record_->body(rest);
      sink_->body(rest);
    }
  }
  if (record_) record_->end(outcome);
  client_->exchanges.erase(id_);
  const auto done = std::move(done_);
  done(std::move(outcome));
}

Client::Client(const Dependencies& dependencies) : impl_(std::make_shared<Impl>(dependencies)) {}

Client::~Client() {
  impl_->is_closed = true;
  while (!impl_->exchanges.empty()) {
    const auto exchange = impl_->exchanges.begin()->second;
    exchange->close();
  }
  while (!impl_->replayed.empty()) {
    const auto exchange = impl_->replayed.begin()->second;
    exchange->close();
  }
}

http::RequestId Client::send(Request request, http::Sink* sink, std::function<void(http::Outcome)> done) {
  const auto id = ++impl_->last_id;
  if (impl_->is_closed) {  // From a `done` of a client that is being destroyed.
    boost::asio::post(impl_->deps.loop.context(), [done = std::move(done)] {
      done(tl::unexpected(http::Failure{Error(ErrorCode::kCancelled, "The request was cancelled"), http::Sent::kNo}));
    });
    return id;
  }
  if (request.recording != nullptr && request.recording->has_answer(kHttpService, request_json(request))) [[unlikely]] {
    const auto replayed = std::make_shared<ReplayedExchange>(
        impl_->deps.loop, *request.recording, sink, [impl = impl_, id, done = std::move(done)](http::Outcome outcome) {
          impl->replayed.erase(id);
          done(std::move(outcome));
        });
    impl_->replayed.emplace(id, replayed);
    replayed->start(request);
    return id;
  }
  auto exchange = std::make_shared<Exchange>(impl_, id, std::move(request), sink, std::move(done));
  impl_->exchanges.emplace(id, exchange);
  boost::asio::post(impl_->deps.loop.context(), [exchange] { exchange->start(); });
  return id;
}

void Client::cancel(http::RequestId id) {
  if (const auto found = impl_->exchanges.find(id); found != impl_->exchanges.end()) found->second->cancel();
  if (const auto found = impl_->replayed.find(id); found != impl_->replayed.end()) {
    const auto exchange = found->second;  // Leaves the table in its end.
    exchange->cancel();
  }
}

void Client::resume(http::RequestId id) {
  if (const auto found = impl_->exchanges.find(id); found != impl_->exchanges.end()) found->second->resume();
  if (const auto found = impl_->replayed.find(id); found != impl_->replayed.end()) {
    const auto exchange = found->second;
    exchange->resume();
  }
}

}  // namespace toolrack::services::upstream
