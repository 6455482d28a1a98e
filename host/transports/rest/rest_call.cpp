#include "transports/rest/rest_call.hpp"

#include <array>
#include <memory>

#include "call/reply.hpp"
#include "operations/use_tool.hpp"
#include "transports/net/error_body.hpp"
#include "transports/rest/input.hpp"
#include "transports/rest/rate_headers.hpp"

namespace toolrack::rest {
namespace {

namespace json = base::json;

void answer(net::Exchange& exchange, const call::CallOutcome& outcome) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  call::write_reply(writer, outcome);

  const auto timing = call::server_timing(outcome.timings);
  const RateHeaders rate(outcome.limit);
  std::array<net::HeaderField, 5> headers;
  std::size_t count = 0;
  headers[count++] = {"Server-Timing", timing};
  for (const auto& field : rate.fields()) headers[count++] = field;
  std::optional<net::RetryAfter> retry;
  if (!outcome.ok() && outcome.result.error->retry_after()) {
    retry.emplace(*outcome.result.error);
    headers[count++] = {"Retry-After", retry->seconds()};
  }
  exchange.respond(call::http_status(outcome), "application/json", net::ReplyBody::borrowed(json::view(buffer)),
                   std::span(headers).first(count));
}

/// The sink of a call; holds itself while the call goes on.
class RestCall final : public call::CallSink {
 public:
  explicit RestCall(net::Exchange& exchange) : exchange_(exchange) {}

  void done(call::CallOutcome& outcome) noexcept override {
    auto self = std::move(self_);  // Ends with this function.
    answer(exchange_, outcome);
  }

  /// The call goes on: stay until it is done, and cancel it when the client leaves.
  static void await(std::shared_ptr<RestCall> call, call::CallPath& calls, std::uint64_t ticket) {
    auto& exchange = call->exchange_;
    exchange.on_disconnect([&calls, &loop = exchange.loop(), ticket] { calls.cancel(loop, ticket); });
    call->self_ = std::move(call);
  }

 private:
  net::Exchange& exchange_;
  std::shared_ptr<RestCall> self_;
};

}  // namespace

void refuse_call(net::Exchange& exchange, const base::Error& error, std::optional<accounts::LimitState> limit) {
  call::CallOutcome outcome;
  outcome.request_id = exchange.request().request_id;
  outcome.result.error = error;
  outcome.limit = limit;
  outcome.billed = false;
  answer(exchange, outcome);
}

void start_rest_call(call::CallPath& calls, const net::Request& request, net::Exchange& exchange,
                     const accounts::PrincipalRef& principal, const base::Clock& clock) {
  const auto refuse = [&](const base::Error& error) { refuse_call(exchange, error, limit_state(*principal, clock)); };
  if (auto type = check_content_type(request); !type) return refuse(type.error());
  std::array captures{json::Capture{.depth = 1, .parent = {}, .key = "input", .text = {}},
                      json::Capture{.depth = 1, .parent = {}, .key = "arguments", .text = {}}};
  const auto body = json::parse(request.body, {}, captures);
  if (!body) return refuse(body.error());

  call::CallRequest call_request;
  const auto input_json = captures[0].text.empty() ? captures[1].text : captures[0].text;
  if (auto read = operations::read_use_tool(*body, input_json, call_request); !read) return refuse(read.error());
  call_request.principal = &principal;
  call_request.request_id = request.request_id;
  call_request.transport = request.is_local_socket ? "local" : "rest";
  call_request.client = request.headers.get(net::HeaderName::kUserAgent);
  call_request.traceparent = request.headers.get(net::HeaderName::kTraceparent);
  call_request.received_ns = request.received_ns;

  auto sink = std::make_shared<RestCall>(exchange);
  if (const auto ticket = calls.start(exchange.loop(), call_request, *sink))
    RestCall::await(std::move(sink), calls, ticket);
}

}  // namespace toolrack::rest
