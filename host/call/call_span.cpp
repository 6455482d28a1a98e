#include "call/call_span.hpp"

#include <fmt/format.h>

#include <array>

#include "base/clock.hpp"
#include "services/telemetry/tracer.hpp"

namespace toolrack::call {
namespace {

using services::telemetry::Attribute;

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

void CallSpan::end(const CallOutcome& outcome) const {
  const auto* skill = outcome.skill;
  const auto tool = skill == nullptr ? std::string() : skill->tool->id();
  const std::string_view flat_name = skill == nullptr ? std::string_view() : std::string_view(skill->flat_name);
  const auto name = flat_name.empty() ? std::string("execute_tool") : fmt::format("execute_tool {}", flat_name);
  const auto error = outcome.ok() ? std::string_view() : base::info(outcome.result.error->code()).name;
  const std::array attributes{
      Attribute{"gen_ai.operation.name", std::string_view("execute_tool")},
      Attribute{"gen_ai.tool.name", flat_name},
      Attribute{"error.type", error},
      Attribute{"toolrack.request_id", outcome.request_id},
      Attribute{"toolrack.job.id", std::string_view(job_id_)},
      Attribute{"toolrack.tool", std::string_view(tool)},
      Attribute{"toolrack.tool.version",
                skill == nullptr ? std::string_view() : std::string_view(skill->tool->version)},
      Attribute{"toolrack.skill", skill == nullptr ? std::string_view() : std::string_view(skill->name)},
      Attribute{"toolrack.backend", std::string_view(outcome.backend)}};
  tracer_.record(loop_, {.context = context_,
                         .parent = parent_,
                         .tracestate = {},
                         .name = name,
                         .kind = services::telemetry::SpanKind::kInternal,
                         .started_ns = started_ns_,
                         .is_error = !error.empty(),
                         .attributes = attributes,
                         .links = link_ ? std::span(&*link_, 1) : std::span<const base::TraceContext>()});
}

}  // namespace toolrack::call
