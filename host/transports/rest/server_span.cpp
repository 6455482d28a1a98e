#include "transports/rest/server_span.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "services/telemetry/attribute_list.hpp"

namespace toolrack::rest {

ServerSpan::ServerSpan(services::telemetry::Tracer& tracer, const base::Loop& loop, const base::TraceContext& context)
    : tracer_(tracer), loop_(loop.index()), context_(context), traceparent_(context) {}

std::shared_ptr<ServerSpan> ServerSpan::begin(services::telemetry::Tracer& tracer, const base::Loop& loop,
                                              const net::Request& request, std::string_view route) {
  const auto parent = base::parse_traceparent(request.headers.get(net::HeaderName::kTraceparent));
  const auto context = tracer.begin(parent);
  auto span = std::shared_ptr<ServerSpan>(new ServerSpan(tracer, loop, context));
  if (!context.is_sampled()) return span;
  span->started_ns_ = request.received_ns != 0 ? request.received_ns : base::system_clock().monotonic_ns();
  span->parent_ = parent ? parent->span : 0;
  span->is_http10_ = request.version == 10;
  span->is_local_ = request.is_local_socket;
  span->method_ = request.method_text;
  span->route_ = route;
  if (parent) span->tracestate_ = base::clean_tracestate(request.headers.get(net::HeaderName::kTracestate));
  if (!request.is_local_socket) span->peer_ = request.peer;
  span->peer_port_ = request.peer_port;
  span->request_id_ = request.request_id;
  return span;
}

void ServerSpan::note_input(std::string_view input_json) {
  if (is_recorded()) about_.note_input(tracer_, input_json);
}

void ServerSpan::note(const call::CallOutcome& outcome) {
  if (is_recorded()) about_.note(tracer_, outcome);
}

void ServerSpan::end(int status) {
  if (!is_recorded()) return;
  const bool is_error = status >= 500;  // What a caller did wrong is no error of the server's.
  const auto code = is_error ? fmt::format_int(status).str() : std::string();
  const auto name = fmt::format("{} {}", method_, route_);
  services::telemetry::AttributeList attributes;
  attributes.add("http.request.method", method_);
  attributes.add("http.route", route_);
  attributes.add("http.response.status_code", std::int64_t{status});
  attributes.add("url.scheme", "http");
  attributes.add("error.type", code);
  attributes.add("network.transport", is_local_ ? "unix" : "tcp");
  attributes.add("network.protocol.name", "http");
  attributes.add("network.protocol.version", is_http10_ ? "1.0" : "1.1");
  attributes.add("client.address", peer_);
  if (peer_port_ != 0) attributes.add("client.port", std::int64_t{peer_port_});
  attributes.add("gen_ai.tool.name", about_.flat_name());
  about_.add_to(attributes, request_id_);
  tracer_.record(loop_, {.context = context_,
                         .parent = parent_,
                         .tracestate = tracestate_,
                         .name = name,
                         .kind = services::telemetry::SpanKind::kServer,
                         .started_ns = started_ns_,
                         .is_error = is_error,
                         .attributes = attributes.view(),
                         .links = {}});
}

}  // namespace toolrack::rest
