/// Runs the benchmarks of dispatch and holds what must be held: ratios of medians of this run. The exit code says
/// whether.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace {

/// The usual table, and the medians by name.
class Medians final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs)
      if (run.aggregate_name == "median") by_name[run.run_name.function_name] = run.GetAdjustedRealTime();
    ConsoleReporter::ReportRuns(runs);
  }
  std::map<std::string, double> by_name;
};

struct Goal {
  const char* what;
  const char* ours;
  const char* limit;
  double most;  ///< 0: shown, not judged.
};
constexpr Goal kGoals[] = {
    // What is the same for every call (the handle, the deadline, the clock, who is inside) beside next to nothing.
    {"in this process, a constant", "native/literal", "bare_loop/literal_checked", 0},
    {"in this process, 200 bytes", "native/echo_200_bytes", "bare_loop/echo_200_bytes_checked", 1.5},
    {"in this process, 200 bytes lent", "native/lent_200_bytes", "bare_loop/lent_200_bytes_checked", 1.5},
    {"in a worker, 200 bytes", "worker/echo_200_bytes", "bare_echo", 1.5},
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> words(argv, argv + argc);
  std::string repetitions("--benchmark_repetitions=15"), aggregates("--benchmark_report_aggregates_only=true"),
      in_turn("--benchmark_enable_random_interleaving=true");
  for (auto* word : {&repetitions, &aggregates, &in_turn}) words.insert(words.begin() + 1, word->data());
  int count = static_cast<int>(words.size());
  benchmark::Initialize(&count, words.data());
  Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  bool is_held = true;
  std::printf("\n%-34s %10s %10s %6s\n", "dispatch", "ns", "limit ns", "ratio");
  for (const auto& goal : kGoals) {
    const auto ours = medians.by_name.find(goal.ours), limit = medians.by_name.find(goal.limit);
    if (ours == medians.by_name.end() || limit == medians.by_name.end()) continue;  // Not asked for.
    const auto ratio = ours->second / limit->second;
    std::printf("%-34s %10.0f %10.0f %6.2f", goal.what, ours->second, limit->second, ratio);
    if (goal.most == 0) {
      std::printf("  is not judged\n");
      continue;
    }
    is_held = is_held && ratio <= goal.most;
    std::printf("  %s, %.1f is allowed\n", ratio <= goal.most ? "held" : "MISSED", goal.most);
  }
  return is_held ? 0 : 1;
}
