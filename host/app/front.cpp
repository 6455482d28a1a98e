#include "app/front.hpp"

#include <fmt/format.h>

#include "transports/net/error_body.hpp"

namespace toolrack::app {
namespace {

/// One endpoint under the names that clients have been given for it.
bool is_mcp(std::string_view path) {
  return path == "/mcp" || path == "/mcp/" || path == "/api/v1/mcp" || path == "/mcp/anthropic";
}

}  // namespace

void Front::handle(const net::Request& request, net::Exchange& exchange) {
  if (auto allowed = guard_.check(request, exchange); !allowed) return net::respond_error(exchange, allowed.error());
  (is_mcp(request.path) ? mcp_ : rest_).handle(request, exchange);
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
