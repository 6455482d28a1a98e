/// A request of REST as a span, with the names of OpenTelemetry's conventions for HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/loop.hpp"
#include "base/trace_context.hpp"
#include "call/call.hpp"
#include "call/call_attributes.hpp"
#include "services/telemetry/tracer.hpp"
#include "transports/net/http.hpp"

namespace toolrack::rest {

/// Shared by those who may give the answer; used on the request's loop.
class ServerSpan {
 public:
  /// `route` is one of our table. `tracer` is on, and outlives the span.
  static std::shared_ptr<ServerSpan> begin(services::telemetry::Tracer& tracer, const base::Loop& loop,
                                           const net::Request& request, std::string_view route);

  /// What the work below is told. Good as long as the span.
  std::string_view traceparent() const noexcept { return traceparent_.view(); }
  /// Is it kept? One that is not is there to tell those below.
  bool is_recorded() const noexcept { return context_.is_sampled(); }

  /// Of the call that the request makes: what goes in, before it starts, and what came of it, before `end`.
  void note_input(std::string_view input_json);
  void note(const call::CallOutcome& outcome);
  /// The answer is given; once.
  void end(int status);

 private:
  ServerSpan(services::telemetry::Tracer& tracer, const base::Loop& loop, const base::TraceContext& context);

  services::telemetry::Tracer& tracer_;
  const std::size_t loop_;
  const base::TraceContext context_;
  const base::Traceparent traceparent_;
  std::int64_t started_ns_ = 0;
  std::uint64_t parent_ = 0;
  bool is_http10_ = false, is_local_ = false;
  std::string method_, route_, tracestate_, peer_, request_id_;
  std::uint16_t peer_port_ = 0;
  call::CallAttributes about_;
};

/// What work below a request is told: its span, or what its caller has given.
inline std::string_view traceparent_of(const ServerSpan* span, const net::Request& request) {
  return span != nullptr ? span->traceparent() : request.headers.get(net::HeaderName::kTraceparent);
}

}  // namespace toolrack::rest
