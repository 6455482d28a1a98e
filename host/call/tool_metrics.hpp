/// Calls by skill: how many, how they ended, and how long they took, in finer steps than OpenTelemetry's conventions
/// have below 10 ms.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/metrics.hpp"
#include "registry/tool.hpp"

namespace toolrack::call {

/// Those of one loop, used by that loop only. A skill that was called before costs a comparison and a few additions.
/// Labels are from the catalogue.
class ToolMetrics {
 public:
  /// More skills than that count as "other": they may come and go with plugins, and their figures stay.
  static constexpr std::size_t kMostSkills = 4'096;

  /// `metrics` outlives it.
  explicit ToolMetrics(base::Metrics& metrics) : metrics_(metrics) {}

  /// A call of `skill` has ended.
  void count(const registry::Skill& skill, bool is_ok, std::int64_t duration_ns);

 private:
  struct Series {
    std::string flat_name;
    base::Counter* succeeded = nullptr;
    base::Counter* failed = nullptr;
    base::Histogram* duration = nullptr;
  };
  Series& find(const registry::Skill& skill);
  Series& make(std::string_view tool, std::string_view skill, std::string_view flat_name);

  base::Metrics& metrics_;
  std::array<std::pair<const registry::Skill*, Series*>, 128> recent_{};  ///< By where the skill lies.
  std::map<std::pair<std::string, std::string>, Series> all_;
};

}  // namespace toolrack::call
