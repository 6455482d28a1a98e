#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "accounts/limits.hpp"
#include "store/lmdb/lmdb_store.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::accounts {
namespace {

using namespace std::chrono_literals;
using registry::ClassLimit;
using ::testing::HasSubstr;

ClassLimit limit_of(std::uint32_t count, std::chrono::seconds window, std::string name = "image") {
  return {.scope = ClassLimit::Scope::kAccount, .count = count, .window = window, .name = std::move(name)};
}

class ClassLimitsTest : public ::testing::Test {
 protected:
  testing::MemoryStore store_;
  testing::FakeClock clock_;
  ClassLimits limits_{store_, clock_};
};

TEST_F(ClassLimitsTest, RefusesTheOneTooManyAndSaysWhenTheNextMayCome) {
  const auto limit = limit_of(3, 24h);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(limits_.enter(limit, "acc_1"));
    clock_.advance(1h);
  }
  const auto refused = limits_.enter(limit, "acc_1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), base::ErrorCode::kRateLimited);
  EXPECT_EQ(refused.error().retry_after(), 21h);
  EXPECT_THAT(refused.error().message(), HasSubstr("\"image\" are limited to 3 in 24 h"));
  clock_.advance(21h - 1ns);
  EXPECT_FALSE(limits_.enter(limit, "acc_1"));
  clock_.advance(1ns);
  EXPECT_TRUE(limits_.enter(limit, "acc_1"));
  EXPECT_FALSE(limits_.enter(limit, "acc_1"));
}

TEST_F(ClassLimitsTest, CountsPerOwnerClassAndWindow) {
  EXPECT_TRUE(limits_.enter(limit_of(1, 1h), "acc_1"));
  EXPECT_TRUE(limits_.enter(limit_of(1, 1h), "acc_2"));
  EXPECT_TRUE(limits_.enter(limit_of(1, 1h, "video"), "acc_1"));
  EXPECT_TRUE(limits_.enter(limit_of(1, 24h), "acc_1"));
  EXPECT_FALSE(limits_.enter(limit_of(1, 1h), "acc_1"));
}

TEST_F(ClassLimitsTest, ARefusedCallTakesNothing) {
  const auto limit = limit_of(1, 1h);
  EXPECT_TRUE(limits_.enter(limit, "acc_1"));
  for (int i = 0; i < 5; ++i) {
    clock_.advance(10min);
    EXPECT_FALSE(limits_.enter(limit, "acc_1"));
  }
  clock_.advance(10min);
  EXPECT_TRUE(limits_.enter(limit, "acc_1"));
}

TEST_F(ClassLimitsTest, AClockSetBackDoesNotLengthenTheWait) {
  const auto limit = limit_of(1, 1h);
  EXPECT_TRUE(limits_.enter(limit, "acc_1"));
  clock_.set_unix_ns(clock_.unix_ns() - 10 * 3'600'000'000'000);
  EXPECT_LE(*limits_.enter(limit, "acc_1").error().retry_after(), 1h);
}

TEST_F(ClassLimitsTest, TakesAnOwnerOfAnyLength) {
  const std::string owner(1'000, 'o'), other(1'001, 'o');
  EXPECT_TRUE(limits_.enter(limit_of(1, 1h), owner));
  EXPECT_TRUE(limits_.enter(limit_of(1, 1h), other));
  EXPECT_FALSE(limits_.enter(limit_of(1, 1h), owner));
}

TEST_F(ClassLimitsTest, ACountOfZeroAllowsNothing) { EXPECT_FALSE(limits_.enter(limit_of(0, 1h), "acc_1")); }

TEST_F(ClassLimitsTest, SaysWhenTheStoreFails) {
  store_.set_failing(true);
  EXPECT_EQ(limits_.enter(limit_of(1, 1h), "acc_1").error().code(), base::ErrorCode::kStoreFailed);
  store_.set_failing(false);
  EXPECT_TRUE(limits_.enter(limit_of(1, 1h), "acc_1"));
}

TEST(ClassLimitsStored, ForgiveNothingOnARestart) {
  const testing::TempDirectory directory;
  const testing::FakeClock clock;
  for (int restart = 0; restart < 3; ++restart) {
    const auto store = *store::LmdbStore::open(directory.path(), {.initial_map_bytes = 1 << 20});
    ClassLimits limits(*store, clock);
    EXPECT_EQ(limits.enter(limit_of(2, 1h), "acc_1").has_value(), restart < 2);
  }
}

TEST_F(ClassLimitsTest, ConcurrentCallersGetExactlyTheLimit) {
  const auto limit = limit_of(30, 1h);
  std::atomic<int> accepted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) accepted += limits_.enter(limit, "acc_1").has_value();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(accepted, 30);
}

}  // namespace
}  // namespace toolrack::accounts
