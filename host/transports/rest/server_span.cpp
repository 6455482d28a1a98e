#include "transports/rest/server_span.hpp"

#include <fmt/format.h>

#include <array>

#include "base/clock.hpp"

namespace toolrack::rest {

using services::telemetry::Attribute;

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
  span->request_id_ = request.request_id;
  return span;
}

void ServerSpan::note(const call::CallOutcome& outcome) {
  if (!is_recorded()) return;
  if (!outcome.ok()) error_ = base::info(outcome.result.error->code()).name;
  if (outcome.skill == nullptr) return;
  tool_ = outcome.skill->tool->id();
  version_ = outcome.skill->tool->version;
  skill_ = outcome.skill->name;
  flat_name_ = outcome.skill->flat_name;
  backend_ = outcome.backend;
}

void ServerSpan::end(int status) {
  if (!is_recorded()) return;
  const bool is_error = status >= 500;  // What a caller did wrong is no error of the server's.
  const auto code = is_error ? fmt::format_int(status).str() : std::string();
  const auto name = fmt::format("{} {}", method_, route_);
  const std::array attributes{Attribute{"http.request.method", std::string_view(method_)},
                              Attribute{"http.route", std::string_view(route_)},
                              Attribute{"http.response.status_code", std::int64_t{status}},
                              Attribute{"url.scheme", std::string_view("http")},
                              Attribute{"error.type", std::string_view(code)},
                              Attribute{"network.transport", std::string_view(is_local_ ? "unix" : "tcp")},
                              Attribute{"network.protocol.name", std::string_view("http")},
                              Attribute{"network.protocol.version", std::string_view(is_http10_ ? "1.0" : "1.1")},
                              Attribute{"client.address", std::string_view(peer_)},
                              Attribute{"gen_ai.tool.name", std::string_view(flat_name_)},
                              Attribute{"toolrack.request_id", std::string_view(request_id_)},
                              Attribute{"toolrack.tool", std::string_view(tool_)},
                              Attribute{"toolrack.tool.version", std::string_view(version_)},
                              Attribute{"toolrack.skill", std::string_view(skill_)},
                              Attribute{"toolrack.backend", std::string_view(backend_)},
                              Attribute{"toolrack.error", error_}};
  tracer_.record(loop_, {.context = context_,
                         .parent = parent_,
                         .tracestate = tracestate_,
                         .name = name,
                         .kind = services::telemetry::SpanKind::kServer,
                         .started_ns = started_ns_,
                         .is_error = is_error,
                         .attributes = attributes,
                         .links = {}});
}

}  // namespace toolrack::rest
