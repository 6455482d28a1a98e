#include "registry/version_trial.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace toolrack::registry {
namespace {

struct Row {
  const char* what;
  OutcomeCounts newer, older;
  Verdict verdict;
};

TEST(VersionTrial, JudgesByErrorsPerCallWithConfidence) {
  const TrialSettings settings{.rolls_back = true, .first_calls = 100, .margin = 0.05};
  const std::vector<Row> rows = {
      {"nothing has happened", {0, 0}, {0, 0}, Verdict::kOpen},
      {"four errors prove nothing", {4, 4}, {1'000, 0}, Verdict::kOpen},
      {"five of five are enough", {5, 5}, {1'000, 0}, Verdict::kFailed},
      {"an older one without calls counts as without errors", {5, 5}, {0, 0}, Verdict::kFailed},
      {"the older one is as bad", {5, 5}, {10, 10}, Verdict::kOpen},
      {"five of fifty may be chance", {50, 5}, {1'000, 0}, Verdict::kOpen},
      {"ten of fifty are not", {50, 10}, {1'000, 0}, Verdict::kFailed},
      {"ten of fifty where one of five is usual", {50, 10}, {1'000, 200}, Verdict::kOpen},
      {"all calls without enough errors", {100, 5}, {1'000, 0}, Verdict::kPassed},
      {"too many at the first look after the last call", {400, 90}, {1'000, 0}, Verdict::kFailed},
      {"better than the older one", {100, 6}, {1'000, 500}, Verdict::kPassed},
  };
  for (const auto& row : rows) EXPECT_EQ(judge(row.newer, row.older, settings), row.verdict) << row.what;
}

TEST(VersionTrial, LeavesTheMarginToTheNewerOne) {
  const OutcomeCounts newer{50, 10}, older{1'000, 0};
  EXPECT_EQ(judge(newer, older, {.rolls_back = true, .first_calls = 100, .margin = 0.5}), Verdict::kOpen);
}

/// Against values that others have computed.
TEST(VersionTrial, KnowsWilsonsInterval) {
  EXPECT_NEAR(least_error_rate({10, 0}), 0, 1e-9);
  EXPECT_NEAR(least_error_rate({10, 5}), 0.2366, 1e-4);
  EXPECT_NEAR(least_error_rate({100, 50}), 0.4038, 1e-4);
  EXPECT_NEAR(least_error_rate({10, 10}), 0.7225, 1e-4);
  EXPECT_EQ(least_error_rate({0, 0}), 0);
}

TEST(OutcomeTally, CountsEachLoopForItselfWhileAnybodyReads) {
  constexpr std::uint64_t kCalls = 20'000;
  OutcomeTally tally(2);
  std::atomic<bool> is_done{false};
  std::thread reader([&] {
    while (!is_done) {
      const auto counts = tally.counts();
      EXPECT_LE(counts.errors, counts.calls);
    }
  });
  std::vector<std::thread> loops;
  for (std::size_t loop = 0; loop < 2; ++loop)
    loops.emplace_back([&tally, loop] {
      for (std::uint64_t i = 0; i < kCalls; ++i) tally.count(loop, i % 4 == 0);
    });
  for (auto& loop : loops) loop.join();
  is_done = true;
  reader.join();
  EXPECT_EQ(tally.counts().calls, 2 * kCalls);
  EXPECT_EQ(tally.counts().errors, 2 * kCalls / 4);
}

}  // namespace
}  // namespace toolrack::registry
