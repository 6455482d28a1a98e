#include "call/tool_metrics.hpp"

#include <fmt/format.h>

namespace toolrack::call {
namespace {

constexpr std::string_view kOther = "other";

}  // namespace

void ToolMetrics::count(const registry::Skill& skill, bool is_ok, std::int64_t duration_ns) {
  auto& series = find(skill);
  (is_ok ? series.succeeded : series.failed)->add();
  series.duration->observe_ns(duration_ns);
}

ToolMetrics::Series& ToolMetrics::find(const registry::Skill& skill) {
  auto& [recent, series] = recent_[reinterpret_cast<std::uintptr_t>(&skill) / sizeof(registry::Skill) % recent_.size()];
  // Another catalogue may have put another skill there.
  if (recent == &skill && series->flat_name == skill.manifest_flat_name()) [[likely]]
    return *series;
  const auto id = skill.tool->id();
  auto found = all_.find({id, skill.name});
  if (found == all_.end()) {
    if (all_.size() >= kMostSkills) return make(kOther, kOther, {});
    series = &make(id, skill.name, skill.manifest_flat_name());
  } else {
    series = &found->second;
  }
  recent = &skill;
  return *series;
}

ToolMetrics::Series& ToolMetrics::make(std::string_view tool, std::string_view skill, std::string_view flat_name) {
  auto [at, is_new] = all_.try_emplace({std::string(tool), std::string(skill)});
  auto& series = at->second;
  if (!is_new) return series;
  series.flat_name = flat_name;
  const auto labels = [&](std::string_view outcome) {
    base::Labels out;
    if (!outcome.empty()) out.emplace_back("outcome", outcome);
    out.emplace_back("skill", skill);
    out.emplace_back("tool", tool);
    return out;
  };
  const auto counter = [&](std::string_view outcome) {
    return &metrics_.counter("toolrack_tool_calls_total", "Calls by skill and how they ended.", labels(outcome));
  };
  series.succeeded = counter("ok");
  series.failed = counter("error");
  series.duration =
      &metrics_.histogram("toolrack_tool_call_duration_seconds", "Calls by skill, from arrival to answer.", labels({}));
  return series;
}

}  // namespace toolrack::call
