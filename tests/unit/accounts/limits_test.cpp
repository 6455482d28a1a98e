#include "accounts/limits.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace toolrack::accounts {
namespace {

using base::ErrorCode;

constexpr std::int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
/// The start of a minute and of an hour.
constexpr std::int64_t kStart = 24 * kHour;

/// Enters and leaves.
bool call(KeyLimits& limits, std::int64_t now) {
  const auto entered = limits.enter(now);
  if (entered) limits.leave();
  return entered.has_value();
}

TEST(KeyLimits, TakesAsManyCallsAMinuteAsItMay) {
  KeyLimits limits({.per_minute = 60, .per_hour = 1'000, .concurrent = 5});
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(call(limits, kStart + i * kSecond / 2)) << i;
  const auto refused = limits.enter(kStart + 30 * kSecond);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kRateLimited);
  // Half a minute is left, and after a sixtieth of the next one a call has faded.
  EXPECT_EQ(refused.error().retry_after(), std::chrono::seconds(31));
}

TEST(KeyLimits, LetsTheNextCallInExactlyWhenItSaid) {
  KeyLimits limits({.per_minute = 10, .per_hour = 0, .concurrent = 0});
  std::mt19937_64 random(7);
  auto now = kStart;
  for (int i = 0; i < 2'000; ++i) {
    now += static_cast<std::int64_t>(random() % 8'000'000) * 1'000;  // It counts in microseconds.
    const auto entered = limits.enter(now);
    if (entered) {
      limits.leave();
      continue;
    }
    const auto wait = entered.error().retry_after()->count();
    ASSERT_GT(wait, 0);
    ASSERT_LE(wait, 2 * kMinute);
    ASSERT_FALSE(call(limits, now + wait - 1)) << i;
    ASSERT_TRUE(call(limits, now + wait)) << i;
    now += wait;
  }
}

TEST(KeyLimits, NeverLetsMoreThanTheLimitIntoOneMinute) {
  KeyLimits limits({.per_minute = 20, .per_hour = 0, .concurrent = 0});
  std::mt19937_64 random(11);
  auto now = kStart;
  std::int64_t minute = 0;
  int in_minute = 0, accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<std::int64_t>(random() % kSecond);
    if (now / kMinute != minute) in_minute = 0;
    minute = now / kMinute;
    if (!call(limits, now)) continue;
    ++accepted;
    ASSERT_LE(++in_minute, 20);
  }
  // And it is no tighter than it says: a caller who always asks gets nearly all of it.
  EXPECT_GT(accepted, (now - kStart) / kMinute * 17);
}

TEST(KeyLimits, ForgetsAfterAnyPauseHoweverLong) {
  // Window numbers come round after 65,536 minutes; only a pause of just that length may find its old count.
  for (const std::int64_t minutes : {2, 3, 5, 1'000, 32'767, 32'768, 32'769, 40'000, 65'530, 65'537, 65'538, 200'000}) {
    KeyLimits limits({.per_minute = 3, .per_hour = 0, .concurrent = 0});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(limits, kStart));
    if (minutes % 65'536 != 1) EXPECT_EQ(limits.state(kStart + minutes * kMinute).remaining, 3u) << minutes;
    EXPECT_EQ(limits.state(kStart + (minutes + 1) * kMinute).remaining, 3u) << minutes;
  }
}

TEST(KeyLimits, CountsMillionsOfCallsAnHour) {
  constexpr std::uint32_t kMany = 3'000'000;
  KeyLimits limits({.per_minute = 0, .per_hour = kMany, .concurrent = 0});
  for (std::uint32_t i = 0; i < kMany; ++i) ASSERT_TRUE(call(limits, kStart + i));
  EXPECT_FALSE(call(limits, kStart + kMany));
  EXPECT_EQ(limits.state(kStart + kHour).remaining, 0u);
  EXPECT_EQ(limits.state(kStart + kHour + kHour / 2).remaining, kMany / 2);
}

TEST(KeyLimits, ChangesItsLimitsAndGoesOnCounting) {
  KeyLimits limits({.per_minute = 60, .per_hour = 0, .concurrent = 1});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(limits, kStart));
  limits.set({.per_minute = 4, .per_hour = 0, .concurrent = 2});
  EXPECT_EQ(limits.state(kStart).limit, 4u);
  EXPECT_EQ(limits.state(kStart).remaining, 1u);
  EXPECT_TRUE(call(limits, kStart));
  EXPECT_FALSE(call(limits, kStart));
  limits.set({.per_minute = 2, .per_hour = 0, .concurrent = 2});  // Fewer than have been made.
  EXPECT_EQ(limits.state(kStart).remaining, 0u);
  EXPECT_FALSE(call(limits, kStart));
  limits.set({.per_minute = 6, .per_hour = 0, .concurrent = 2});
  EXPECT_TRUE(limits.enter(kStart).has_value());
  EXPECT_TRUE(limits.enter(kStart).has_value());
  EXPECT_EQ(limits.enter(kStart).error().code(), ErrorCode::kTooManyConcurrent);
  limits.leave();
  limits.leave();
}

TEST(KeyLimits, KeepsTheLargestLimitsThatItHolds) {
  KeyLimits limits({.per_minute = 50'000'000, .per_hour = 0, .concurrent = 4'000'000'000});
  EXPECT_EQ(limits.state(kStart).limit, kMaxWindowCalls);
  EXPECT_TRUE(call(limits, kStart));
}

TEST(KeyLimits, ForgetsAfterTwoWindows) {
  KeyLimits limits({.per_minute = 3, .per_hour = 0, .concurrent = 0});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(limits, kStart));
  EXPECT_FALSE(call(limits, kStart));
  EXPECT_EQ(limits.state(kStart + 2 * kMinute).remaining, 3u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(limits, kStart + 2 * kMinute));
}

TEST(KeyLimits, TakesNothingFromTheMinuteWhenTheHourRefuses) {
  KeyLimits limits({.per_minute = 60, .per_hour = 10, .concurrent = 5});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(call(limits, kStart));
  for (int i = 0; i < 100; ++i) {
    const auto refused = limits.enter(kStart + kSecond);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message().find("10 calls per hour"), std::string::npos);
  }
  EXPECT_EQ(limits.state(kStart + kSecond).limit, 10u) << "the hour is the tightest";
  // Had the hundred been taken from the minute, it would refuse before the hour does.
  KeyLimits fuller({.per_minute = 12, .per_hour = 10, .concurrent = 5});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(call(fuller, kStart));
  for (int i = 0; i < 100; ++i) ASSERT_NE(fuller.enter(kStart).error().message().find("per hour"), std::string::npos);
}

TEST(KeyLimits, BoundsWhatRunsAtOnce) {
  KeyLimits limits({.per_minute = 60, .per_hour = 1'000, .concurrent = 2});
  EXPECT_TRUE(limits.enter(kStart));
  EXPECT_TRUE(limits.enter(kStart));
  const auto refused = limits.enter(kStart);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kTooManyConcurrent);
  EXPECT_EQ(limits.state(kStart).remaining, 58u) << "the refused call took nothing";
  limits.leave();
  EXPECT_TRUE(limits.enter(kStart));
}

TEST(KeyLimits, GivesItsPlaceBackWhenAWindowRefuses) {
  KeyLimits limits({.per_minute = 1, .per_hour = 0, .concurrent = 1});
  EXPECT_TRUE(call(limits, kStart));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.enter(kStart).error().code(), ErrorCode::kRateLimited);
  EXPECT_TRUE(call(limits, kStart + 2 * kMinute));
}

TEST(KeyLimits, DescribesTheTightestWindow) {
  KeyLimits limits({.per_minute = 60, .per_hour = 100, .concurrent = 0});
  auto state = limits.state(kStart);
  EXPECT_EQ(state.limit, 60u);
  EXPECT_EQ(state.remaining, 60u);
  EXPECT_EQ(state.reset_seconds, 0);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(call(limits, kStart));
  state = limits.state(kStart);
  EXPECT_EQ(state.limit, 60u);
  EXPECT_EQ(state.remaining, 10u);
  EXPECT_EQ(state.reset_seconds, 62);  // The next minute, and a fiftieth of it.
  for (int i = 0; i < 45; ++i) EXPECT_TRUE(call(limits, kStart + 2 * kMinute));
  state = limits.state(kStart + 2 * kMinute);
  EXPECT_EQ(state.limit, 100u);
  EXPECT_EQ(state.remaining, 5u);
  EXPECT_GT(state.reset_seconds, 3'000);
}

TEST(KeyLimits, KnowsNoLimitOfZero) {
  KeyLimits limits({.per_minute = 0, .per_hour = 0, .concurrent = 0});
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(limits.enter(kStart));
  EXPECT_EQ(limits.state(kStart).limit, 0u);
}

TEST(KeyLimits, BearsAClockReadingThatIsSlightlyOld) {
  KeyLimits limits({.per_minute = 2, .per_hour = 0, .concurrent = 0});
  EXPECT_TRUE(call(limits, kStart + kMinute));
  EXPECT_TRUE(call(limits, kStart + kMinute - 1));  // Read before the minute turned, arrived after.
  EXPECT_FALSE(call(limits, kStart + kMinute));
}

TEST(KeyLimits, ConcurrentCallersGetExactlyTheLimit) {
  KeyLimits limits({.per_minute = 1'000, .per_hour = 1'500, .concurrent = 0});
  const auto storm = [&](std::int64_t now) {
    std::atomic<int> accepted{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) accepted += call(limits, now);
      });
    for (auto& thread : threads) thread.join();
    return accepted.load();
  };
  EXPECT_EQ(storm(kStart), 1'000);
  EXPECT_EQ(storm(kStart + 2 * kMinute), 500) << "the hour is full, and gave the minute's back";
  EXPECT_EQ(limits.state(kStart + 2 * kMinute).remaining, 0u);
}

TEST(KeyLimits, ConcurrentCallersNeverExceedTheirPlaces) {
  KeyLimits limits({.per_minute = 0, .per_hour = 0, .concurrent = 3});
  std::atomic<int> inside{0}, most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        if (!limits.enter(kStart)) continue;
        const int now = ++inside;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        --inside;
        limits.leave();
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_TRUE(limits.enter(kStart)) << "every place was given back";
}

}  // namespace
}  // namespace toolrack::accounts
