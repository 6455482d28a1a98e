#include "app/front.hpp"

#include <fmt/format.h>

#include "transports/mcp/http_sse.hpp"
#include "transports/net/error_body.hpp"

namespace toolrack::app {
namespace {

/// One endpoint under the names that clients have been given for it.
bool is_mcp(std::string_view path) {
  return path == "/mcp" || path == "/mcp/" || path == "/api/v1/mcp" || path == "/mcp/anthropic";
}

}  // namespace

net::Handler& Front::to(const net::Request& request) const noexcept {
  if (is_mcp(request.path)) return mcp_;
  if (sse_ != nullptr && (request.path == mcp::kSsePath || request.path == mcp::kSseMessagesPath)) return *sse_;
  return rest_;
}

/// A body that is streamed does something before the request is whole, so it is guarded here already.
base::Result<std::shared_ptr<net::BodySink>> Front::stream_body(const net::Request& head, net::BodySource& source) {
  auto sink = TRY(to(head).stream_body(head, source));
  if (sink != nullptr) TRY(guard_.check(head, source.loop()));
  return sink;
}

void Front::handle(const net::Request& request, net::Exchange& exchange) {
  if (auto allowed = guard_.check(request, exchange); !allowed) return net::respond_error(exchange, allowed.error());
  to(request).handle(request, exchange);
}

void MetricsHandler::handle(const net::Request& request, net::Exchange& exchange) {
  if (auto allowed = guard_.check(request, exchange); !allowed) return net::respond_error(exchange, allowed.error());
  if (request.path != "/metrics")
    return net::respond_error(
        exchange, base::Error(base::ErrorCode::kRouteNotFound, fmt::format("there is nothing at {}", request.path),
                              "See /metrics."));
  exchange.respond(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.render());
}

}  // namespace toolrack::app
