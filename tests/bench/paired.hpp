/// Measures two ways to do the same in turns so short that both meet the same machine.
///
/// A shared machine's speed changes by half within a second. What one round says of the ratio holds whatever the speed
/// was; figures of two runs, each with its own speed, do not.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

namespace toolrack::bench {

/// Makes so many calls; false when one failed.
using MakeCalls = std::function<bool(int calls)>;

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Each iteration of `state`, which counts manual time, is a round: `calls` calls of each, who is first in turn.
/// Medians over the rounds become the counters `ns` and `limit_ns` (of one call) and `ratio` (of ours to the limit in a
/// round).
inline void run_paired(benchmark::State& state, int calls, const MakeCalls& ours, const MakeCalls& limit) {
  bool is_good = true;
  const auto ns_of_a_call = [&](const MakeCalls& make) {
    const auto begin = std::chrono::steady_clock::now();
    is_good = make(calls) && is_good;
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / calls;
  };
  // What is loaded, started and cached is so before the first round.
  ns_of_a_call(limit);
  ns_of_a_call(ours);
  std::vector<double> ours_ns, limit_ns, ratios;
  bool is_ours_first = false;
  for (auto _ : state) {
    double ours_took = 0;
    if (is_ours_first) ours_took = ns_of_a_call(ours);
    const auto limit_took = ns_of_a_call(limit);
    if (!is_ours_first) ours_took = ns_of_a_call(ours);
    is_ours_first = !is_ours_first;
    ours_ns.push_back(ours_took);
    limit_ns.push_back(limit_took);
    ratios.push_back(ours_took / limit_took);
    state.SetIterationTime(ours_took * calls / 1e9);
    if (!is_good) return state.SkipWithError("a call failed");
  }
  state.counters["ns"] = median(std::move(ours_ns));
  state.counters["limit_ns"] = median(std::move(limit_ns));
  state.counters["ratio"] = median(std::move(ratios));
}

}  // namespace toolrack::bench
