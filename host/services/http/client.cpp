#include "services/http/client.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <unordered_map>
#include <utility>

#include "services/http/curl_driver.hpp"
#include "services/http/request_check.hpp"
#include "services/http/request_span.hpp"
#include "services/http/transfer.hpp"
#include "services/telemetry/tracer.hpp"

namespace toolrack::services::http {
namespace {

using base::ErrorCode;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxIdleHandles = 64;
constexpr std::chrono::hours kMaxTimeout{24};

/// Every way a request can end, with its counter.
class ClientMetrics {
 public:
  explicit ClientMetrics(base::Metrics& metrics)
      : duration_(
            metrics.histogram("toolrack_http_request_duration_seconds", "Outbound HTTP requests, to the last byte.")),
        refused_(
            metrics.counter("toolrack_http_egress_refused_total", "Outbound requests that the egress guard refused.")) {
    for (std::size_t i = 0; i < kCodes.size(); ++i) outcomes_[i] = &outcome(metrics, base::info(kCodes[i]).name);
    ok_ = &outcome(metrics, "ok");
    other_ = &outcome(metrics, "error");
  }

  void count(const Outcome& outcome, SteadyClock::duration duration) noexcept {
    duration_.observe_ns(std::chrono::nanoseconds(duration).count());
    if (outcome) return ok_->add();
    if (outcome.error().error.code() == ErrorCode::kEgressRefused) refused_.add();
    for (std::size_t i = 0; i < kCodes.size(); ++i) {
      if (kCodes[i] == outcome.error().error.code()) return outcomes_[i]->add();
    }
    other_->add();
  }

 private:
  static constexpr std::array kCodes = {ErrorCode::kInvalidRequest, ErrorCode::kEgressRefused,
                                        ErrorCode::kTimeout,        ErrorCode::kProviderUnavailable,
                                        ErrorCode::kProviderError,  ErrorCode::kCancelled};
  static base::Counter& outcome(base::Metrics& metrics, std::string_view name) {
    return metrics.counter("toolrack_http_requests_total", "Outbound HTTP requests by how they ended.",
                           {{"outcome", std::string(name)}});
  }

  base::Histogram& duration_;
  base::Counter& refused_;
  std::array<base::Counter*, kCodes.size()> outcomes_{};
  base::Counter* ok_;
  base::Counter* other_;
};

Failure cancelled(Sent sent) { return {base::Error(ErrorCode::kCancelled, "The request was cancelled"), sent}; }

}  // namespace

/// Nothing is done inside send, cancel and resume: they leave a command, and the next turn of the loop carries it out.
/// So they may be called from a sink, where libcurl must not be, and no callback of a caller ever runs inside its own
/// call.
class Client::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(base::Loop& loop, const PublishedEgress& policy, base::Metrics& metrics, Settings settings,
       telemetry::Tracer* tracer)
      : loop_(loop),
        context_(loop.context()),
        tracer_(tracer),
        settings_(std::move(settings)),
        metrics_(metrics),
        policy_(policy),
        driver_(context_, {settings_.max_connections_per_host, settings_.max_connections}),
        shared_{policy_, driver_.sockets(), settings_} {}

  void start() {
    driver_.start(weak_from_this(), [this] { turn(); });
  }

  RequestId send(Request request, Sink* sink, std::function<void(Outcome)> done) {
    const auto id = ++last_id_;
    if (is_closed_) {  // From a `done` of a client that is being destroyed.
      boost::asio::post(context_, [done = std::move(done)] { done(tl::unexpected(cancelled(Sent::kNo))); });
      return id;
    }
    auto entry = std::make_unique<Entry>(context_, std::move(done));
    if (tracer_ != nullptr && tracer_->is_on() && request.trace && request.trace->is_sampled())
      entry->span = RequestSpan::begin(*tracer_, request);
    if (auto url = check_request(request)) {
      entry->transfer.emplace(shared_, std::move(request), std::move(*url), sink, take_handle());
    } else {
      entry->refusal = std::move(url).error();
    }
    entries_.emplace(id, std::move(entry));
    command(id, Command::kStart);
    return id;
  }

  void cancel(RequestId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    found->second->is_cancelled = true;
    if (found->second->transfer) found->second->transfer->stop();
    command(id, Command::kCancel);
  }

  void resume(RequestId id) { command(id, Command::kResume); }

  /// The client goes: everything ends now.
  void close() {
    assert(!driver_.is_inside() && "a client must not be destroyed from a sink");
    is_closed_ = true;
    while (!entries_.empty()) {
      auto& [id, entry] = *entries_.begin();
      end(id, *entry, tl::unexpected(cancelled(entry->sent())));
    }
    commands_.clear();
  }

 private:
  struct Entry {
    Entry(boost::asio::io_context& context, std::function<void(Outcome)> callback)
        : done(std::move(callback)), deadline(context) {}
    Sent sent() const noexcept { return transfer ? transfer->sent() : Sent::kNo; }
    std::function<void(Outcome)> done;
    boost::asio::steady_timer deadline;
    SteadyClock::time_point started_at = SteadyClock::now();
    std::optional<Transfer> transfer;  ///< Empty: refused before anything was done.
    std::optional<base::Error> refusal;
    std::unique_ptr<RequestSpan> span;  ///< Null: it is not recorded.
    bool is_running = false;            ///< libcurl has the handle.
    bool is_cancelled = false;
  };
  struct Command {
    enum Kind : std::uint8_t { kStart, kCancel, kResume };
    RequestId id;
    Kind kind;
  };

  void command(RequestId id, Command::Kind kind) {
    commands_.push_back({id, kind});
    if (std::exchange(is_turn_posted_, true)) return;
    boost::asio::post(context_, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->is_turn_posted_ = false;
      self->turn();
    });
  }

  /// Outside of libcurl: ends what has ended and carries out what was asked.
  void turn() {
    settle();
    auto commands = std::exchange(commands_, {});
    for (const auto& command : commands) {
      const auto found = entries_.find(command.id);
      if (found == entries_.end()) continue;
      carry_out(command, *found->second);
      if (is_closed_) return;
    }
    settle();
  }

  void carry_out(const Command& command, Entry& entry) {
    switch (command.kind) {
      case Command::kStart:
        if (entry.refusal) return end(command.id, entry, tl::unexpected(Failure{std::move(*entry.refusal), Sent::kNo}));
        return begin(command.id, entry);
      case Command::kCancel:
        return end(command.id, entry, tl::unexpected(cancelled(entry.sent())));
      case Command::kResume:
        if (!entry.is_running || !entry.transfer->resume()) return;
        if (const auto code = driver_.unpause(entry.transfer->handle()); code != CURLE_OK) {
          driver_.remove(entry.transfer->handle());
          ended(command.id, entry, code);
        }
        return;
    }
  }

  void begin(RequestId id, Entry& entry) {
    // Our own timer, because libcurl does not count the time a request waits for a free connection.
    entry.deadline.expires_at(entry.started_at +
                              std::min<SteadyClock::duration>(entry.transfer->timeout(), kMaxTimeout));
    entry.deadline.async_wait([weak = weak_from_this(), id](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self) self->expire(id);
    });
    ids_[entry.transfer->handle()] = id;
    hop(entry);
  }

  void hop(Entry& entry) {
    entry.transfer->prepare();
    entry.is_running = true;
    driver_.add(entry.transfer->handle());
  }

  void expire(RequestId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    auto& transfer = *found->second->transfer;
    base::Error error(ErrorCode::kTimeout, transfer.url().authority() + " did not finish its answer within " +
                                               std::to_string(transfer.timeout().count()) + " ms");
    end(id, *found->second, tl::unexpected(Failure{std::move(error), transfer.sent()}));
  }

  /// Takes from libcurl what it has ended.
  void settle() {
    while (!is_closed_) {
      const auto next = driver_.next_ended();
      if (!next) return;
      const auto id = ids_.at(next->first);
      ended(id, *entries_.at(id), next->second);
    }
  }

  void ended(RequestId id, Entry& entry, CURLcode code) {
    entry.is_running = false;
    if (entry.is_cancelled) return end(id, entry, tl::unexpected(cancelled(entry.sent())));
    if (entry.transfer->end_hop(code) == Transfer::Next::kHop) return hop(entry);
    end(id, entry, entry.transfer->outcome());
  }

  /// The only way out of the table. The caller's function may destroy the client.
  void end(RequestId id, Entry& entry, Outcome outcome) {
    if (entry.transfer) {
      if (entry.is_running) driver_.remove(entry.transfer->handle());
      ids_.erase(entry.transfer->handle());
      give_back(entry.transfer->release_handle());
    }
    metrics_.count(outcome, SteadyClock::now() - entry.started_at);
    if (entry.span != nullptr) entry.span->end(*tracer_, loop_, outcome);
    const auto done = std::move(entry.done);
    entries_.erase(id);
    done(std::move(outcome));
  }

  CurlHandle take_handle() {
    if (idle_handles_.empty()) return CurlHandle(curl_easy_init());
    auto handle = std::move(idle_handles_.back());
    idle_handles_.pop_back();
    return handle;
  }

  void give_back(CurlHandle handle) {
    if (idle_handles_.size() >= kMaxIdleHandles) return;
    curl_easy_reset(handle.get());  // Its options point into the transfer that ends now.
    idle_handles_.push_back(std::move(handle));
  }

  base::Loop& loop_;
  boost::asio::io_context& context_;
  telemetry::Tracer* const tracer_;  // Null: nothing is recorded.
  const Settings settings_;
  ClientMetrics metrics_;
  PublishedEgress::Reader policy_;
  CurlDriver driver_;
  const Transfer::Shared shared_;
  std::vector<CurlHandle> idle_handles_;
  std::unordered_map<CURL*, RequestId> ids_;  // Of the transfers in the table.
  std::unordered_map<RequestId, std::unique_ptr<Entry>> entries_;
  std::vector<Command> commands_;
  RequestId last_id_ = 0;
  bool is_turn_posted_ = false;
  bool is_closed_ = false;
};

Client::Client(base::Loop& loop, const PublishedEgress& policy, base::Metrics& metrics, Settings settings,
               telemetry::Tracer* tracer)
    : impl_(std::make_shared<Impl>(loop, policy, metrics, std::move(settings), tracer)) {
  impl_->start();
}

Client::~Client() { impl_->close(); }

RequestId Client::send(Request request, Sink* sink, std::function<void(Outcome)> done) {
  return impl_->send(std::move(request), sink, std::move(done));
}

void Client::cancel(RequestId id) { impl_->cancel(id); }

void Client::resume(RequestId id) { impl_->resume(id); }

}  // namespace toolrack::services::http
