/// A call as a span of its own, below what asked for it: one that a skill makes, one of a batch, a job. Calls that a
/// transport has a span for have none beside it.
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

namespace toolrack::services::telemetry {
class Tracer;
}

namespace toolrack::call {

/// Owned by whoever waits for the call's outcome; used on its loop.
class CallSpan {
 public:
  /// Below the span of `traceparent`, when that is recorded; else null. `tracer` may be null, and outlives the span.
  static std::unique_ptr<CallSpan> below(services::telemetry::Tracer* tracer, const base::Loop& loop,
                                         std::string_view traceparent);
  /// The first of a trace of its own with a link to that span: what was asked for outlives who asked.
  static std::unique_ptr<CallSpan> after(services::telemetry::Tracer* tracer, const base::Loop& loop,
                                         std::string_view traceparent, std::string_view job_id);

  /// For what the call does. Good as long as the span.
  std::string_view traceparent() const noexcept { return traceparent_.view(); }
  /// Before the call: what it is given, which is told where the operator wants that.
  void note_input(std::string_view input_json) { about_.note_input(tracer_, input_json); }
  /// On the loop, when the call has ended.
  void end(const CallOutcome& outcome);

 private:
  CallSpan(services::telemetry::Tracer& tracer, const base::Loop& loop, const base::TraceContext& context);

  services::telemetry::Tracer& tracer_;
  const std::size_t loop_;
  const base::TraceContext context_;
  const base::Traceparent traceparent_;
  const std::int64_t started_ns_;
  std::uint64_t parent_ = 0;
  std::optional<base::TraceContext> link_;
  std::string job_id_;
  CallAttributes about_;
};

}  // namespace toolrack::call
