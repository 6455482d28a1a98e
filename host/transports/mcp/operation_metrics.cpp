#include "transports/mcp/operation_metrics.hpp"

#include <fmt/format.h>

#include <utility>

namespace toolrack::mcp {
namespace {

constexpr std::string_view kOther = "other";

std::uint64_t word_of(const OperationEnd& end) noexcept {
  const auto revision = end.has_revision ? static_cast<unsigned>(end.revision) + 1U : 0U;
  return std::uint64_t{static_cast<std::uint32_t>(end.code)} << 32 | revision << 8 | (end.is_tool_error ? 4U : 0U) |
         (end.is_pipe ? 2U : 0U) | (end.is_http10 ? 1U : 0U);
}

std::size_t place_of(std::string_view method, std::string_view target) noexcept {
  const auto bits =
      reinterpret_cast<std::uintptr_t>(method.data()) * 31 + reinterpret_cast<std::uintptr_t>(target.data());
  return (bits ^ bits >> 8 ^ bits >> 16) & 255;
}

}  // namespace

OperationMetrics::Series& OperationMetrics::series(std::string_view method, TargetKind kind, std::string_view target) {
  auto& recent = recent_[place_of(method, target)];
  if (recent != nullptr && recent->method_.data() == method.data() && recent->kind_ == kind &&
      recent->target_ == target) [[likely]]
    return *recent;
  return *(recent = &make(method, kind, target));
}

OperationMetrics::Series& OperationMetrics::make(std::string_view method, TargetKind kind, std::string_view target) {
  auto found = all_.find({method, kind, std::string(target)});
  if (found == all_.end()) {
    const auto kept = all_.size() < kMostSeries ? target : kOther;
    found = all_.try_emplace({method, kind, std::string(kept)}).first;
    auto& series = found->second;
    series.method_ = method;
    series.kind_ = kind;
    series.target_ = kept;
  }
  return found->second;
}

void OperationMetrics::observe(Series& series, const OperationEnd& end, std::int64_t duration_ns) {
  const auto word = word_of(end);
  for (const auto& cell : series.cells_)
    if (cell.end == word) return cell.histogram->observe_ns(duration_ns);
  series.cells_.push_back({.end = word, .histogram = &make_histogram(series, end)});
  series.cells_.back().histogram->observe_ns(duration_ns);
}

base::Histogram& OperationMetrics::make_histogram(const Series& series, const OperationEnd& end) {
  base::Labels labels{{"mcp.method.name", std::string(series.method_)}};
  const auto add = [&](std::string_view name, std::string_view value) { labels.emplace_back(name, value); };
  if (series.method_ == "tools/call") add("gen_ai.operation.name", "execute_tool");
  if (series.kind_ != TargetKind::kNone)
    add(series.kind_ == TargetKind::kTool ? "gen_ai.tool.name" : "gen_ai.prompt.name", series.target_);
  if (end.code != 0) {
    const auto code = fmt::format_int(end.code).str();
    add("error.type", code);
    add("rpc.response.status_code", code);
  } else if (end.is_tool_error) {
    add("error.type", "tool_error");
  }
  if (end.has_revision) add("mcp.protocol.version", to_string(end.revision));
  add("network.transport", end.is_pipe ? "pipe" : "tcp");
  if (!end.is_pipe) {
    add("network.protocol.name", "http");
    add("network.protocol.version", end.is_http10 ? "1.0" : "1.1");
  }
  return metrics_.histogram("mcp.server.operation.duration", "MCP requests and notifications, from arrival to answer.",
                            std::move(labels), base::Buckets::kConventional);
}

}  // namespace toolrack::mcp
