#include "transports/mcp/session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <thread>

#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"

namespace toolrack::mcp {
namespace {

class SessionsTest : public ::testing::Test {
 protected:
  /// The states of the next process.
  std::unique_ptr<SessionStates> reopened() {
    EXPECT_TRUE(store_.commit({store::Put{"barrier", "1", "{}"}}));
    return SessionStates::open(store_, clock_).value();
  }
  bool end(std::string_view id, std::string_view account) { return sessions_.end(id, account); }

  testing::FakeClock clock_;
  testing::MemoryStore store_;
  std::unique_ptr<SessionStates> states_ = SessionStates::open(store_, clock_).value();
  Sessions sessions_{Sessions::Key{7}, clock_, *states_};
};

TEST_F(SessionsTest, TellsWhatWasAgreed) {
  for (const auto revision : {Revision::k20241105, Revision::k20250326, Revision::k20250618, Revision::k20251125}) {
    const auto found = sessions_.find(sessions_.open(revision, "acc"), "acc");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->revision, revision);
  }
}

TEST_F(SessionsTest, MakesIdsOfVisibleAsciiThatNeverRepeat) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const auto id = sessions_.open(kNewestLegacy, "acc");
    EXPECT_TRUE(std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; }));
    EXPECT_GE(id.size(), 22u) << "at least 128 bits";
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000u);
}

TEST_F(SessionsTest, RefusesAnIdWithAnyCharacterChanged) {
  const auto id = sessions_.open(kNewestLegacy, "acc");
  for (std::size_t i = 0; i < id.size(); ++i) {
    for (const char other : {'A', 'z', '_', '=', '\0'}) {
      auto changed = id;
      if (changed[i] == other) continue;
      changed[i] = other;
      EXPECT_FALSE(sessions_.find(changed, "acc")) << i;
    }
    EXPECT_FALSE(sessions_.find(id.substr(0, i), "acc")) << "cut at " << i;
  }
  EXPECT_FALSE(sessions_.find(id + "A", "acc"));
  EXPECT_TRUE(sessions_.find(id, "acc")) << "the control";
}

TEST_F(SessionsTest, RefusesAnotherAccountAndNoAccount) {
  const auto id = sessions_.open(kNewestLegacy, "acc_one");
  EXPECT_TRUE(sessions_.find(id, "acc_one"));
  EXPECT_FALSE(sessions_.find(id, "acc_two"));
  EXPECT_FALSE(sessions_.find(id, ""));
}

TEST_F(SessionsTest, LetsAnybodyUseASessionOpenedWithoutAKey) {
  const auto id = sessions_.open(kNewestLegacy, "");
  EXPECT_TRUE(sessions_.find(id, ""));
  EXPECT_TRUE(sessions_.find(id, "acc_one"));
}

TEST_F(SessionsTest, ExpireAfterADay) {
  const auto id = sessions_.open(kNewestLegacy, "acc");
  clock_.advance(std::chrono::seconds(Sessions::kLifetimeSeconds));
  EXPECT_TRUE(sessions_.find(id, "acc"));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(sessions_.find(id, "acc"));
  EXPECT_FALSE(end(id, "acc"));
}

TEST_F(SessionsTest, SurviveARestartWithTheSameKeyOnly) {
  const auto id = sessions_.open(kNewestLegacy, "acc");
  EXPECT_TRUE(Sessions(Sessions::Key{7}, clock_, *states_).find(id, "acc"));
  EXPECT_FALSE(Sessions(Sessions::Key{8}, clock_, *states_).find(id, "acc"));
}

TEST_F(SessionsTest, StayEndedOnceEnded) {
  const auto id = sessions_.open(kNewestLegacy, "acc");
  const auto other = sessions_.open(kNewestLegacy, "acc");
  EXPECT_FALSE(end(id, "acc_two")) << "not by another account";
  EXPECT_TRUE(sessions_.find(id, "acc"));
  EXPECT_TRUE(end(id, "acc"));
  EXPECT_FALSE(sessions_.find(id, "acc"));
  EXPECT_FALSE(end(id, "acc"));
  EXPECT_TRUE(sessions_.find(other, "acc")) << "the others go on";
}

TEST_F(SessionsTest, StayEndedAfterARestart) {
  const auto id = sessions_.open(kNewestLegacy, "acc");
  EXPECT_TRUE(end(id, "acc"));
  const auto states = reopened();
  EXPECT_FALSE(Sessions(Sessions::Key{7}, clock_, *states).find(id, "acc"));
}

TEST_F(SessionsTest, OpenedWithoutAKeyBelongToTheFirstAccountThatComes) {
  const auto id = sessions_.open(kNewestLegacy, "");
  EXPECT_TRUE(sessions_.find(id, "")) << "nobody's yet";
  EXPECT_TRUE(sessions_.find(id, "acc_one"));
  EXPECT_FALSE(sessions_.find(id, "acc_two"));
  EXPECT_FALSE(sessions_.find(id, "")) << "it is somebody's now";
  const auto states = reopened();
  EXPECT_FALSE(Sessions(Sessions::Key{7}, clock_, *states).find(id, "acc_two")) << "after a restart, too";
}

TEST_F(SessionsTest, OpenedWithoutAKeyBelongToOneOfTwoAccountsThatComeAtOnce) {
  for (int i = 0; i < 300; ++i) {
    const auto id = sessions_.open(kNewestLegacy, "");
    std::atomic<int> ready{0};
    std::array<bool, 2> has_it{};
    std::vector<std::thread> threads;
    for (std::size_t who = 0; who < has_it.size(); ++who)
      threads.emplace_back([&, who] {
        ++ready;
        while (ready < 2) {
        }
        has_it[who] = sessions_.find(id, who == 0 ? "acc_one" : "acc_two").has_value();
      });
    for (auto& thread : threads) thread.join();
    ASSERT_NE(has_it[0], has_it[1]) << "one has it, the other has not";
    EXPECT_EQ(sessions_.find(id, "acc_one").has_value(), has_it[0]) << "and that stays so";
  }
}

TEST_F(SessionsTest, CannotBeEndedInAnotherSpellingAndGoOn) {
  const auto id = sessions_.open(kNewestLegacy, "acc");
  EXPECT_TRUE(end(id, "acc"));
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    auto respelled = id;
    respelled.back() = c;
    EXPECT_FALSE(sessions_.find(respelled, "acc")) << "the last character has bits to spare";
  }
}

TEST_F(SessionsTest, CanBeUsedAndEndedByManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this] {
      for (int i = 0; i < 200; ++i) {
        const auto id = sessions_.open(kNewestLegacy, "acc");
        EXPECT_TRUE(sessions_.find(id, "acc"));
        EXPECT_TRUE(end(id, "acc"));
        EXPECT_FALSE(sessions_.find(id, "acc"));
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace toolrack::mcp
