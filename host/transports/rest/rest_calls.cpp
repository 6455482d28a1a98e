#include "transports/rest/rest_calls.hpp"

#include <fmt/format.h>

#include <array>

#include "call/reply.hpp"
#include "operations/use_tool.hpp"
#include "transports/net/error_body.hpp"
#include "transports/net/provider_keys.hpp"
#include "transports/rest/input.hpp"
#include "transports/rest/rate_headers.hpp"
#include "transports/rest/streamed_call.hpp"

namespace toolrack::rest {
namespace {

namespace json = base::json;

/// A buffer above this is given back after the reply.
constexpr std::size_t kKeptReply = 64 << 10;

}  // namespace

/// Where one call's outcome goes.
class RestCalls::Sink final : public call::CallSink {
 public:
  explicit Sink(RestCalls& owner) : owner_(owner) {}

  void begin(net::Exchange& exchange, std::shared_ptr<ServerSpan> span) {
    exchange_ = &exchange;
    span_ = std::move(span);
  }
  void done(call::CallOutcome& outcome) noexcept override {
    auto& exchange = *exchange_;
    const auto span = std::move(span_);
    owner_.free_.push_back(this);  // The answer may bring the next request, which takes it again.
    owner_.answer(exchange, outcome, span.get());
  }
  void accepted(const call::AcceptedJob& job) noexcept override {
    auto& exchange = *exchange_;
    if (const auto span = std::move(span_)) span->end(202);
    owner_.free_.push_back(this);
    const auto location = fmt::format("/v1/jobs/{}", job.id);
    exchange.respond(202, "application/json", operations::accepted_json(job.id, exchange.request().request_id),
                     {{"Location", location}});
  }

 private:
  RestCalls& owner_;
  net::Exchange* exchange_ = nullptr;
  std::shared_ptr<ServerSpan> span_;  ///< Null: nothing is recorded.
};

RestCalls::RestCalls(call::CallPath& calls, const base::Clock& clock, const base::Clock& progress_clock)
    : calls_(calls), clock_(clock), progress_clock_(progress_clock) {}

RestCalls::~RestCalls() = default;

RestCalls::Sink& RestCalls::take(net::Exchange& exchange, std::shared_ptr<ServerSpan> span) {
  if (free_.empty()) {
    free_.push_back(sinks_.emplace_back(std::make_unique<Sink>(*this)).get());
    free_.reserve(sinks_.size());  // Giving one back must not fail.
  }
  auto& sink = *free_.back();
  free_.pop_back();
  sink.begin(exchange, std::move(span));
  return sink;
}

void RestCalls::answer(net::Exchange& exchange, const call::CallOutcome& outcome, ServerSpan* span) {
  if (span != nullptr) {
    span->note(outcome);
    span->end(call::http_status(outcome));
  }
  reply_.Clear();
  writer_.Reset(reply_);
  call::write_reply(writer_, outcome);

  const call::ServerTiming timing(outcome.timings);
  const RateHeaders rate(outcome.limit);
  std::array<net::HeaderField, 6> headers;
  std::size_t count = 0;
  headers[count++] = {"Server-Timing", timing.view()};
  for (const auto& field : rate.fields()) headers[count++] = field;
  const auto cache = call::cache_status(outcome.cache);
  if (!cache.empty()) headers[count++] = {"Cache-Status", cache};
  std::optional<net::RetryAfter> retry;
  if (!outcome.ok() && outcome.result.error->retry_after()) {
    retry.emplace(*outcome.result.error);
    headers[count++] = {"Retry-After", retry->seconds()};
  }
  const bool is_large = reply_.GetSize() > kKeptReply;
  exchange.respond(call::http_status(outcome), "application/json", net::ReplyBody::borrowed(json::view(reply_)),
                   std::span(headers).first(count));
  if (!is_large) return;
  reply_.Clear();
  reply_.ShrinkToFit();
}

void RestCalls::refuse(net::Exchange& exchange, const base::Error& error, std::optional<accounts::LimitState> limit,
                       ServerSpan* span) {
  call::CallOutcome outcome;
  outcome.request_id = exchange.request().request_id;
  outcome.result.error = error;
  outcome.limit = limit;
  outcome.billed = false;
  answer(exchange, outcome, span);
}

void RestCalls::start(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal,
                      std::shared_ptr<ServerSpan> span) {
  const auto fail = [&](const base::Error& error) {
    refuse(exchange, error, limit_state(*principal, clock_), span.get());
  };
  if (auto type = check_content_type(request); !type) return fail(type.error());
  std::array captures{json::Capture{.depth = 1, .parent = {}, .key = "input", .text = {}},
                      json::Capture{.depth = 1, .parent = {}, .key = "arguments", .text = {}}};
  const auto body = json::parse(request.body, {}, captures, &body_);
  if (!body) return fail(body.error());

  call::CallRequest call_request;
  call_request.job = call::JobUse::kIfLong;
  const auto input_json = captures[0].text.empty() ? captures[1].text : captures[0].text;
  call::Asking asking{.method = "tools/call", .state = {}};
  if (auto read = operations::read_use_tool(*body, input_json, call_request, &asking); !read) return fail(read.error());
  if (asking.kinds != 0 || !asking.state.empty()) call_request.asking = &asking;
  registry::ProviderKeysRef provider_keys;
  if (net::has_provider_keys(request.headers)) {
    auto read = net::read_provider_keys(request.headers);
    if (!read) return fail(read.error());
    provider_keys = *std::move(read);
    call_request.provider_keys = &provider_keys;
  }
  call_request.principal = &principal;
  call_request.request_id = request.request_id;
  call_request.transport = request.is_local_socket ? "local" : "rest";
  call_request.client = request.headers.get(net::HeaderName::kUserAgent);
  call_request.traceparent = traceparent_of(span.get(), request);
  call_request.received_ns = request.received_ns;
  if (span != nullptr) span->note_input(call_request.input_json);

  if (call_request.streams)
    return start_streamed_call(
        calls_, exchange, std::move(call_request),
        [this](net::Exchange& where, const call::CallOutcome& outcome, ServerSpan* of) { answer(where, outcome, of); },
        std::move(span), progress_clock_);
  auto& loop = exchange.loop();
  if (const auto ticket = calls_.start(loop, call_request, take(exchange, std::move(span))))
    exchange.on_disconnect([&calls = calls_, &loop, ticket] { calls.cancel(loop, ticket); });
}

}  // namespace toolrack::rest
