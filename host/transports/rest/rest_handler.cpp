#include "transports/rest/rest_handler.hpp"

#include "operations/upload.hpp"
#include "transports/net/error_body.hpp"
#include "transports/rest/asset_upload.hpp"
#include "transports/rest/batch_call.hpp"
#include "transports/rest/input.hpp"
#include "transports/rest/rate_headers.hpp"

namespace toolrack::rest {
namespace {

/// Machines ask whether all is well, all the time.
bool is_probe(const operations::Operation& operation) {
  return operation.name == "health" || operation.name == "livez" || operation.name == "readyz";
}

void refuse(net::Exchange& exchange, const base::Error& error, ServerSpan* span,
            std::span<const net::HeaderField> headers = {}) {
  if (span != nullptr) span->end(base::info(error.code()).http_status);
  net::respond_error(exchange, error, headers);
}

}  // namespace

RestHandler::RestHandler(Dependencies dependencies) : deps_(dependencies), router_(dependencies.table) {
  for (std::size_t i = 0; i < deps_.identifiers.size(); ++i)
    calls_.push_back(std::make_unique<RestCalls>(deps_.calls, deps_.clock, deps_.progress_clock));
}

base::Result<accounts::PrincipalRef> RestHandler::identify(const net::Request& request, const base::Loop& loop) {
  return deps_.identifiers[loop.index()]->identify(
      {.authorization = request.headers.get(net::HeaderName::kAuthorization), .owner_socket = request.is_local_socket});
}

base::Result<std::size_t> RestHandler::body_limit(const net::Request& head, std::size_t default_limit) {
  const bool is_file = deps_.assets != nullptr && AssetRoutes::is_upload(head);
  return is_file ? operations::kMaxUploadBytes : default_limit;
}

base::Result<std::shared_ptr<net::BodySink>> RestHandler::stream_body(const net::Request& head,
                                                                      net::BodySource& source) {
  if (deps_.assets == nullptr || !AssetRoutes::is_upload(head)) return nullptr;
  return deps_.assets->begin_upload(head, source, [&] { return identify(head, source.loop()); });
}

void RestHandler::handle(const net::Request& request, net::Exchange& exchange) {
  if (request.body_sink != nullptr) return deps_.assets->end_upload(exchange);
  if (deps_.assets != nullptr) {
    if (AssetRoutes::is_upload(request)) return net::respond_error(exchange, AssetUpload::empty());
    if (const auto id = AssetRoutes::downloaded_id(request))
      return deps_.assets->download(exchange, *id, [&] { return identify(request, exchange.loop()); });
  }
  std::string allow;
  auto match = router_.match(request, allow);
  if (!match) {
    if (allow.empty()) return net::respond_error(exchange, match.error());
    const net::HeaderField header{"Allow", allow};
    return net::respond_error(exchange, match.error(), {&header, 1});
  }
  const auto& operation = match->entry->operation;
  std::shared_ptr<ServerSpan> span;
  if (deps_.tracer != nullptr && deps_.tracer->is_on() && !is_probe(operation)) [[unlikely]]
    span = ServerSpan::begin(*deps_.tracer, exchange.loop(), request, operation.path);
  const auto principal = identify(request, exchange.loop());
  const auto kind = operation.kind;
  const bool is_call = kind == operations::Kind::kCall;
  auto& calls = *calls_[exchange.loop().index()];
  if (!principal && is_call) return calls.refuse(exchange, principal.error(), std::nullopt, span.get());
  if (!principal) return refuse(exchange, principal.error(), span.get());
  if (is_call) return calls.start(request, exchange, *principal, std::move(span));
  if (kind == operations::Kind::kCalls)
    return start_batch(deps_.calls, request, exchange, *principal, {.tracer = deps_.tracer, .span = std::move(span)});
  operate(request, exchange, *principal, *match, std::move(span));
}

void RestHandler::operate(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal,
                          const Match& match, std::shared_ptr<ServerSpan> span) {
  auto input = read_input(request, match);
  if (!input) {
    const RateHeaders rate(limit_state(*principal, deps_.clock));
    return refuse(exchange, input.error(), span.get(), rate.fields());
  }
  deps_.runner.run(
      exchange.loop(), *match.entry, principal, *std::move(input), request.request_id,
      [&exchange, principal, span = std::move(span), &clock = deps_.clock](base::Result<operations::Answer> answer) {
        const RateHeaders rate(limit_state(*principal, clock));
        if (!answer) return refuse(exchange, answer.error(), span.get(), rate.fields());
        if (span != nullptr) span->end(answer->http_status);
        if (answer->cached)
          exchange.respond(answer->http_status, "application/json", std::move(answer->cached), rate.fields());
        else
          exchange.respond(answer->http_status, "application/json", std::move(answer->json), rate.fields());
      });
}

}  // namespace toolrack::rest
