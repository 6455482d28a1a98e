/// Runs the benchmarks of dispatch and holds what must be held: medians of the ratios of many short rounds. The exit
/// code says whether.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace {

/// Keeps the counters by name, and prints nothing: what counts is one table.
class Counters final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs) {
      if (run.error_occurred) std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
      by_name[run.run_name.function_name] = run.counters;
    }
  }
  std::map<std::string, benchmark::UserCounters> by_name;
};

struct Goal {
  const char* what;
  const char* name;
  double most;  ///< 0: shown, not judged.
};
constexpr Goal kGoals[] = {
    // What is the same for every call (the handle, the deadline, the clock, who is inside) beside next to nothing.
    {"in this process, a constant", "native/literal", 0},
    {"in this process, 200 bytes", "native/echo", 1.5},
    {"in this process, 200 bytes lent", "native/lent", 1.5},
    {"in a worker, 200 bytes", "worker/echo", 1.5},
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  Counters counters;
  benchmark::RunSpecifiedBenchmarks(&counters);
  bool is_held = true;
  std::printf("%-34s %10s %10s %6s\n", "dispatch", "ns", "limit ns", "ratio");
  for (const auto& goal : kGoals) {
    const auto found = counters.by_name.find(goal.name);
    if (found == counters.by_name.end()) continue;  // Not asked for.
    if (!found->second.contains("ratio")) {
      is_held = false;  // It failed, and has said why.
      continue;
    }
    const double ratio = found->second.at("ratio");
    std::printf("%-34s %10.0f %10.0f %6.2f", goal.what, found->second.at("ns").value,
                found->second.at("limit_ns").value, ratio);
    if (goal.most == 0) {
      std::printf("  is not judged\n");
      continue;
    }
    is_held = is_held && ratio <= goal.most;
    std::printf("  %s, %.1f is allowed\n", ratio <= goal.most ? "held" : "MISSED", goal.most);
  }
  return is_held ? 0 : 1;
}
