/// A request to a provider as a span: whom it went to and what came of it. Neither its path nor its query is told,
/// because both may hold a secret or what a caller said.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/loop.hpp"
#include "services/http/client.hpp"
#include "services/telemetry/tracer.hpp"

namespace toolrack::services::http {

/// Owned by its request; the loop's only. One for each time that a request is sent: a further try is another span.
class RequestSpan {
 public:
  /// `request.trace` is there and sampled. From now on the request is told the span's context, where the operator wants
  /// that and its maker has not said another one.
  static std::unique_ptr<RequestSpan> begin(const telemetry::Tracer& tracer, Request& request);
  void end(telemetry::Tracer& tracer, const base::Loop& loop, const Outcome& outcome) const;

 private:
  base::TraceContext context_;
  std::uint64_t parent_ = 0;
  std::int64_t started_ns_ = 0;
  std::string method_, url_;
};

}  // namespace toolrack::services::http
