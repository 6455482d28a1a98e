#include "services/providers/provider_states.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/fake_clock.hpp"

namespace toolrack::services::providers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ProviderStatesTest : public ::testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) acme_.note_failure(states_.now_ns());
  }
  Breaker breaker() const { return acme_.breaker(states_.now_ns()); }
  bool admit() { return acme_.admit(states_.now_ns()); }

  testing::FakeClock clock_;
  base::Metrics metrics_;
  ProviderStates states_{clock_, metrics_, {.failures = 3, .open_for = seconds(30)}};
  ProviderState& acme_ = states_.of("acme");
};

TEST_F(ProviderStatesTest, OpensAfterFailuresInARow) {
  fail(2);
  acme_.note_answer(1'000, 10);
  fail(2);
  EXPECT_EQ(breaker(), Breaker::kClosed) << "an answer in between counts anew";
  fail(1);
  EXPECT_EQ(breaker(), Breaker::kOpen);
  EXPECT_FALSE(admit());
  EXPECT_EQ(states_.figures("acme").until_probe, seconds(30));
}

TEST_F(ProviderStatesTest, LetsOneAskAfterThePause) {
  fail(3);
  clock_.advance(seconds(30));
  EXPECT_EQ(breaker(), Breaker::kHalfOpen);
  EXPECT_TRUE(admit());
  EXPECT_FALSE(admit()) << "only one finds out";
  acme_.note_answer(1'000, 10);
  EXPECT_EQ(breaker(), Breaker::kClosed);
  EXPECT_TRUE(admit());
}

TEST_F(ProviderStatesTest, StaysOpenWhenTheProbeFails) {
  fail(3);
  clock_.advance(seconds(30));
  ASSERT_TRUE(admit());
  clock_.advance(seconds(5));
  fail(1);
  EXPECT_EQ(breaker(), Breaker::kOpen);
  clock_.advance(seconds(29));
  EXPECT_FALSE(admit());
  clock_.advance(seconds(1));
  EXPECT_TRUE(admit());
}

TEST_F(ProviderStatesTest, LetsAnotherAskWhenTheProbeNeverTells) {
  fail(3);
  clock_.advance(seconds(30));
  ASSERT_TRUE(admit());
  clock_.advance(seconds(30));
  EXPECT_TRUE(admit());
}

TEST_F(ProviderStatesTest, AveragesWhatItIsTold) {
  EXPECT_FALSE(states_.figures("acme").latency);
  EXPECT_FALSE(states_.figures("acme").failure_share);
  acme_.note_answer(100'000'000, 1'000'000);
  EXPECT_EQ(states_.figures("acme").latency, milliseconds(100));
  EXPECT_DOUBLE_EQ(*states_.figures("acme").bytes_per_second, 10'000'000);
  EXPECT_DOUBLE_EQ(*states_.figures("acme").failure_share, 0);
  for (int i = 0; i < 100; ++i) acme_.note_answer(20'000'000, 1'000'000);
  EXPECT_LT(*states_.figures("acme").latency, milliseconds(21));
  fail(1);
  const auto figures = states_.figures("acme");
  EXPECT_DOUBLE_EQ(*figures.failure_share, 0.125);
  EXPECT_EQ(figures.answered, 101U);
  EXPECT_EQ(figures.failed, 1U);
}

TEST_F(ProviderStatesTest, TellsNothingOfAProviderThatNobodyHasAsked) {
  const auto figures = states_.figures("unknown");
  EXPECT_EQ(figures.slug, "unknown");
  EXPECT_EQ(figures.breaker, Breaker::kClosed);
  EXPECT_FALSE(figures.latency);
}

TEST_F(ProviderStatesTest, CountsHowOftenABreakerOpened) {
  fail(3);
  fail(3);
  EXPECT_NE(metrics_.render().find(R"(toolrack_provider_breaker_opened_total{provider="acme"} 1)"), std::string::npos);
  EXPECT_NE(metrics_.render().find(R"(toolrack_provider_breaker_open{provider="acme"} 1)"), std::string::npos);
  acme_.note_answer(1, 1);
  EXPECT_NE(metrics_.render().find(R"(toolrack_provider_breaker_open{provider="acme"} 0)"), std::string::npos);
}

TEST_F(ProviderStatesTest, LetsOneOfManyThreadsAsk) {
  fail(3);
  clock_.advance(seconds(30));
  std::atomic<int> admitted{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        if (states_.of("acme").admit(states_.now_ns())) ++admitted;
      });
  }
  EXPECT_EQ(admitted, 1);
}

}  // namespace
}  // namespace toolrack::services::providers
