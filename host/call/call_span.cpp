#include "call/call_span.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "services/telemetry/attribute_list.hpp"
#include "services/telemetry/tracer.hpp"

namespace toolrack::call {
namespace {

/// The span that asks, when there is one that is recorded.
std::optional<base::TraceContext> recorded(const services::telemetry::Tracer* tracer, std::string_view traceparent) {
  if (tracer == nullptr || !tracer->is_on() || traceparent.empty()) return std::nullopt;
  const auto asking = base::parse_traceparent(traceparent);
  return asking && asking->is_sampled() ? asking : std::nullopt;
}

}  // namespace

CallSpan::CallSpan(services::telemetry::Tracer& tracer, const base::Loop& loop, const base::TraceContext& context)
    : tracer_(tracer),
      loop_(loop.index()),
      context_(context),
      traceparent_(context),
      started_ns_(base::system_clock().monotonic_ns()) {}

std::unique_ptr<CallSpan> CallSpan::below(services::telemetry::Tracer* tracer, const base::Loop& loop,
                                          std::string_view traceparent) {
  const auto asking = recorded(tracer, traceparent);
  if (!asking) return nullptr;
  auto span = std::unique_ptr<CallSpan>(new CallSpan(*tracer, loop, asking->child()));
  span->parent_ = asking->span;
  return span;
}

std::unique_ptr<CallSpan> CallSpan::after(services::telemetry::Tracer* tracer, const base::Loop& loop,
                                          std::string_view traceparent, std::string_view job_id) {
  const auto asking = recorded(tracer, traceparent);
  if (!asking) return nullptr;
  auto context = base::TraceContext::make();
  context.flags |= base::TraceContext::kSampled;  // As the request that it comes from.
  auto span = std::unique_ptr<CallSpan>(new CallSpan(*tracer, loop, context));
  span->link_ = asking;
  span->job_id_ = job_id;
  return span;
}

void CallSpan::end(const CallOutcome& outcome) {
  about_.note(tracer_, outcome);
  const auto tool = about_.flat_name();
  const auto name = tool.empty() ? std::string("execute_tool") : fmt::format("execute_tool {}", tool);
  services::telemetry::AttributeList attributes;
  attributes.add("gen_ai.operation.name", "execute_tool");
  attributes.add("gen_ai.tool.name", tool);
  attributes.add("error.type", about_.error());
  attributes.add("toolrack.job.id", job_id_);
  about_.add_to(attributes, outcome.request_id);
  tracer_.record(loop_, {.context = context_,
                         .parent = parent_,
                         .tracestate = {},
                         .name = name,
                         .kind = services::telemetry::SpanKind::kInternal,
                         .started_ns = started_ns_,
                         .is_error = !about_.error().empty(),
                         .attributes = attributes.view(),
                         .links = link_ ? std::span(&*link_, 1) : std::span<const base::TraceContext>()});
}

}  // namespace toolrack::call
