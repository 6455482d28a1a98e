#include "base/gate.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace toolrack::base {
namespace {

TEST(Gate, LetsInUntilItIsClosed) {
  Gate gate;
  ASSERT_TRUE(gate.try_enter());
  EXPECT_EQ(gate.inside(), 1u);
  EXPECT_FALSE(gate.is_closed());
  gate.leave();
  EXPECT_EQ(gate.inside(), 0u);
}

TEST(Gate, RefusesEntryAfterClose) {
  Gate gate;
  gate.close([] {});
  EXPECT_TRUE(gate.is_closed());
  EXPECT_FALSE(gate.try_enter());
  EXPECT_EQ(gate.inside(), 0u);
}

TEST(Gate, TellsAtOnceWhenNobodyIsInside) {
  Gate gate;
  int told = 0;
  gate.close([&] { ++told; });
  EXPECT_EQ(told, 1);
}

TEST(Gate, TellsWhenTheLastOneLeaves) {
  Gate gate;
  int told = 0;
  ASSERT_TRUE(gate.try_enter());
  ASSERT_TRUE(gate.try_enter());
  gate.close([&] { ++told; });
  EXPECT_EQ(told, 0);
  gate.leave();
  EXPECT_EQ(told, 0);
  gate.leave();
  EXPECT_EQ(told, 1);
}

TEST(Gate, RefusedEntriesDoNotTellAgain) {
  Gate gate;
  int told = 0;
  gate.close([&] { ++told; });
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(gate.try_enter());
  EXPECT_EQ(told, 1);
}

TEST(Gate, TellsExactlyOnceAfterEverybodyHasLeft) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 200; ++round) {
    Gate gate;
    std::atomic<int> working{0};
    std::atomic<int> told{0};
    std::atomic<bool> told_early{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        while (true) {
          const GateLease lease(gate);
          if (!lease) return;
          ++working;
          --working;
        }
      });
    gate.close([&] {
      told_early = working != 0;
      ++told;
    });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(told_early);
  }
}

TEST(GateLease, LeavesAtTheEndOfItsScope) {
  Gate gate;
  {
    const GateLease lease(gate);
    EXPECT_TRUE(lease);
    EXPECT_EQ(gate.inside(), 1u);
  }
  EXPECT_EQ(gate.inside(), 0u);
}

TEST(GateLease, MovesWithoutEnteringTwice) {
  Gate gate;
  GateLease first(gate);
  GateLease second(std::move(first));
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): being empty is the promise.
  EXPECT_TRUE(second);
  EXPECT_EQ(gate.inside(), 1u);
  first = std::move(second);
  EXPECT_TRUE(first);
  EXPECT_EQ(gate.inside(), 1u);
  first.release();
  first.release();
  EXPECT_EQ(gate.inside(), 0u);
}

TEST(GateLease, CountsAgainEvenAfterClose) {
  Gate gate;
  int told = 0;
  GateLease first(gate);
  gate.close([&] { ++told; });
  GateLease second = first.again();
  EXPECT_TRUE(second);
  EXPECT_EQ(gate.inside(), 2u);
  first.release();
  EXPECT_EQ(told, 0);
  second.release();
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(first.again()) << "an empty lease has nothing to count again";
}

TEST(GateLease, IsEmptyWhenTheGateIsClosed) {
  Gate gate;
  gate.close([] {});
  const GateLease lease(gate);
  EXPECT_FALSE(lease);
}

}  // namespace
}  // namespace toolrack::base
