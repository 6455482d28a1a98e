#include "base/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

namespace toolrack::base {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMillisecond = 1'000'000;

TEST(Counter, LosesNothingUnderContention) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i)  // More threads than shards.
    threads.emplace_back([&counter] {
      for (int n = 0; n < 1'000; ++n) counter.add();
    });
  for (auto& thread : threads) thread.join();
  counter.add(5);
  EXPECT_EQ(counter.value(), 20'005u);
}

TEST(MetricShard, IsAThreadsOwnUntilThereAreNoMore) {
  constexpr int kThreads = 2 * kMetricShards;
  std::latch have_taken(kThreads);
  std::mutex mutex;
  std::multiset<std::size_t> own;
  int sharing = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      const auto& mine = MetricShard::of_this_thread();
      EXPECT_EQ(&MetricShard::of_this_thread(), &mine);
      {
        const std::lock_guard lock(mutex);
        if (mine.kind == MetricShard::Kind::kOwn)
          own.insert(mine.index);
        else
          ++sharing;
      }
      have_taken.arrive_and_wait();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(own.size() + static_cast<std::size_t>(sharing), kThreads);
  EXPECT_GT(sharing, 0);
  for (const auto index : own) {
    EXPECT_EQ(own.count(index), 1U) << "nobody else has it";
    EXPECT_LT(index, kMetricShards - 1) << "the last one is for all the others";
  }
}

TEST(MetricShard, ThatWasGivenBackIsUsedAgainAndItsCountStays) {
  Counter counter;
  for (int i = 0; i < 100; ++i)  // One after another: each finds one free, unless this program's threads have them all.
    std::thread([&counter] { counter.add(); }).join();
  EXPECT_EQ(counter.value(), 100U);
  MetricShard::Kind kind{};
  std::thread([&kind] { kind = MetricShard::of_this_thread().kind; }).join();
  EXPECT_EQ(kind, MetricShard::Kind::kOwn);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.set(5);
  gauge.add(-7);
  EXPECT_EQ(gauge.value(), -2);
}

TEST(Histogram, BoundsAscendFromTenMicrosecondsToFiveMinutes) {
  const auto bounds = Histogram::bounds_ns();
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
  EXPECT_EQ(bounds.front(), 10'000);
  EXPECT_EQ(bounds.back(), 300'000 * kMillisecond);
}

TEST(Histogram, ABoundBelongsToItsOwnBucket) {
  Histogram histogram;
  const auto bounds = Histogram::bounds_ns();
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    histogram.observe_ns(bounds[i]);
    const auto before = i == 0 ? 0 : histogram.read().first[i - 1];
    EXPECT_EQ(histogram.read().first[i], before + 1) << i;
  }
}

TEST(Histogram, CountsAreCumulativeAndTheSumExact) {
  Histogram histogram;
  histogram.observe_ns(-5);  // A clock that misbehaves must not make the sum negative.
  histogram.observe_ns(1);
  histogram.observe_ns(15 * kMillisecond);
  histogram.observe_ns(400'000 * kMillisecond);
  const auto [counts, sum_ns] = histogram.read();
  ASSERT_EQ(counts.size(), Histogram::bounds_ns().size() + 1);
  EXPECT_EQ(counts.front(), 2u);
  EXPECT_EQ(counts[counts.size() - 2], 3u);
  EXPECT_EQ(counts.back(), 4u);
  EXPECT_TRUE(std::is_sorted(counts.begin(), counts.end()));
  EXPECT_EQ(sum_ns, 1u + 400'015u * kMillisecond);
  EXPECT_EQ(histogram.count(), 4u);
}

TEST(Metrics, GivesTheSameOneForTheSameNameAndLabels) {
  Metrics metrics;
  auto& a = metrics.counter("toolrack_calls_total", "Calls.", {{"tool", "a"}});
  auto& b = metrics.counter("toolrack_calls_total", "Calls.", {{"tool", "b"}});
  EXPECT_NE(&a, &b);
  for (int i = 0; i < 50; ++i) metrics.gauge("toolrack_g" + std::to_string(i), "Filler that makes the table grow.");
  EXPECT_EQ(&metrics.counter("toolrack_calls_total", "Calls.", {{"tool", "a"}}), &a);
  EXPECT_EQ(&metrics.counter("toolrack_calls_total", "Calls.", {{"tool", "b"}}), &b);
}

TEST(Metrics, RendersThePrometheusTextFormat) {
  Metrics metrics;
  metrics.gauge("toolrack_open", "Open connections.").set(-3);
  metrics.counter("toolrack_calls_total", "Calls by tool.", {{"tool", "b"}}).add(2);
  metrics.counter("toolrack_calls_total", "Calls by tool.", {{"tool", "a"}}).add(1);
  EXPECT_EQ(metrics.render(),
            "# HELP toolrack_calls_total Calls by tool.\n"
            "# TYPE toolrack_calls_total counter\n"
            "toolrack_calls_total{tool=\"a\"} 1\n"
            "toolrack_calls_total{tool=\"b\"} 2\n"
            "# HELP toolrack_open Open connections.\n"
            "# TYPE toolrack_open gauge\n"
            "toolrack_open -3\n");
}

TEST(Metrics, RendersHistogramsInSeconds) {
  Metrics metrics;
  auto& histogram = metrics.histogram("toolrack_call_duration_seconds", "Time.", {{"tool", "a"}});
  histogram.observe_ns(15 * kMillisecond);
  histogram.observe_ns(400'000 * kMillisecond);
  const auto text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# TYPE toolrack_call_duration_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_call_duration_seconds_bucket{tool=\"a\",le=\"0.00001\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_call_duration_seconds_bucket{tool=\"a\",le=\"0.01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_call_duration_seconds_bucket{tool=\"a\",le=\"0.02\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_call_duration_seconds_bucket{tool=\"a\",le=\"300\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_call_duration_seconds_bucket{tool=\"a\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_call_duration_seconds_sum{tool=\"a\"} 400.015\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_call_duration_seconds_count{tool=\"a\"} 2\n"));
}

TEST(Metrics, NamesOfOpenTelemetryAreSpelledAsPrometheusHasThem) {
  Metrics metrics;
  auto& histogram = metrics.histogram("mcp.server.operation.duration", "Time.", {{"mcp.method.name", "tools/call"}},
                                      Buckets::kConventional);
  histogram.observe_ns(5 * kMillisecond);
  histogram.observe_ns(15 * kMillisecond);
  const auto text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# TYPE mcp_server_operation_duration_seconds histogram\n"));
  const std::string bucket = "mcp_server_operation_duration_seconds_bucket{mcp_method_name=\"tools/call\",le=";
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.01\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.02\"} 2\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr(bucket + "\"0.005\"}")));
  EXPECT_THAT(text, HasSubstr("mcp_server_operation_duration_seconds_count{mcp_method_name=\"tools/call\"} 2\n"));
}

TEST(Metrics, AreVisitedInTheOrderOfTheirNames) {
  Metrics metrics;
  metrics.counter("toolrack_b_total", "B.", {{"x", "2"}}).add(2);
  metrics.counter("toolrack_b_total", "B.", {{"x", "1"}}).add(1);
  metrics.gauge("toolrack_c", "C.").set(-3);
  metrics.histogram("toolrack_a_seconds", "A.").observe_ns(15 * kMillisecond);
  std::vector<std::string> seen;
  metrics.visit([&](const MetricSample& sample) {
    seen.emplace_back(sample.name);
    if (sample.name == "toolrack_b_total") {
      EXPECT_EQ(std::to_string(sample.value), sample.labels->front().second);
    }
    if (sample.name == "toolrack_c") {
      EXPECT_EQ(sample.value, -3);
    }
    if (sample.kind != MetricSample::Kind::kHistogram) return;
    EXPECT_EQ(sample.cumulative.size(), sample.bounds_ns.size() + 1);
    EXPECT_EQ(sample.cumulative.back(), 1u);
    EXPECT_EQ(sample.sum_ns, 15'000'000u);
  });
  EXPECT_THAT(seen, ::testing::ElementsAre("toolrack_a_seconds", "toolrack_b_total", "toolrack_b_total", "toolrack_c"));
}

TEST(Metrics, EscapesLabelValuesAndHelp) {
  Metrics metrics;
  metrics.counter("toolrack_x_total", "One \\ two \"three\"\nfour.", {{"why", "a\\b\"c\nd"}});
  const auto text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# HELP toolrack_x_total One \\\\ two \"three\"\\nfour.\n"));
  EXPECT_THAT(text, HasSubstr("{why=\"a\\\\b\\\"c\\nd\"} 0\n"));
}

TEST(Metrics, MayBeAskedAndRenderedFromManyThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&metrics] {
      for (int n = 0; n < 100; ++n) {
        metrics.counter("toolrack_n_total", "Many.", {{"n", std::to_string(n)}}).add();
        metrics.render();
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.counter("toolrack_n_total", "Many.", {{"n", "42"}}).value(), 4u);
}

}  // namespace
}  // namespace toolrack::base
