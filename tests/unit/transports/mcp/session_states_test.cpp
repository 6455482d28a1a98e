#include "transports/mcp/session_states.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"

namespace toolrack::mcp {
namespace {

class SessionStatesTest : public ::testing::Test {
 protected:
  /// As the next process does: what was submitted before is there.
  std::unique_ptr<SessionStates> open() {
    EXPECT_TRUE(store_.commit({store::Put{"barrier", "1", "{}"}}));
    return SessionStates::open(store_, clock_).value();
  }
  std::int64_t now() { return clock_.unix_ns() / 1'000'000'000; }

  testing::FakeClock clock_;
  testing::MemoryStore store_;
};

TEST_F(SessionStatesTest, SurviveTheProcess) {
  {
    const auto states = open();
    states->change("a", {.expires_unix_s = now() + 100}, [](SessionState& state) {
      state.account = ~0ULL;
      state.log_level = std::uint8_t{3};
      state.uris = {"test://one", "test://two"};
    });
    states->change("b", {.expires_unix_s = now() + 100}, [](SessionState& state) { state.is_ended = true; });
  }
  const auto states = open();
  const auto a = states->find("a");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->account, ~0ULL);
  EXPECT_EQ(a->log_level, std::uint8_t{3});
  EXPECT_EQ(a->uris.size(), 2u);
  EXPECT_FALSE(a->is_ended);
  EXPECT_TRUE(states->find("b").value_or(SessionState{}).is_ended);
  EXPECT_FALSE(states->find("c"));
}

TEST_F(SessionStatesTest, NameWhoFollowsAResource) {
  const auto states = open();
  states->change("a", {.expires_unix_s = now() + 100}, [](SessionState& state) { state.uris = {"test://one"}; });
  states->change("b", {.expires_unix_s = now() + 100}, [](SessionState& state) { state.uris = {"test://two"}; });
  EXPECT_EQ(states->followers("test://one").size(), 1u);
  EXPECT_TRUE(states->followers("test://one").contains("a"));
  EXPECT_TRUE(states->followers("test://three").empty());
  states->change("b", {}, [](SessionState& state) { state.uris = {"test://one"}; });
  EXPECT_TRUE(states->followers("test://two").empty());
  EXPECT_EQ(states->followers("test://one").size(), 2u);
  states->change("a", {}, [](SessionState& state) { state.is_ended = true; });
  EXPECT_FALSE(states->followers("test://one").contains("a"));
  EXPECT_EQ(open()->followers("test://one").size(), 1u) << "after a restart, too";
}

/// Of nobody's sessions, and of accounts: whoever fills his room is the one who loses something.
class FullRoomTest : public SessionStatesTest {
 protected:
  /// For four states without resources; for eight of all accounts.
  std::unique_ptr<SessionStates> open_small() {
    EXPECT_TRUE(store_.commit({store::Put{"barrier", "1", "{}"}}));
    return SessionStates::open(store_, clock_, {.of_one = 4 * 512, .of_all = 8 * 512}).value();
  }
  void keep(SessionStates& states, const std::string& session, std::uint64_t account) {
    states.change(session, {.account = account, .expires_unix_s = now() + 100},
                  [](SessionState& state) { state.log_level = std::uint8_t{3}; });
  }
  void end(SessionStates& states, const std::string& session, std::uint64_t account) {
    states.change(session, {.account = account, .expires_unix_s = now() + 100},
                  [](SessionState& state) { state.is_ended = true; });
  }
};

TEST_F(FullRoomTest, StrangersPushOutStrangersOnly) {
  const auto states = open_small();
  keep(*states, "keyed", 7);
  for (int i = 0; i < 50; ++i) end(*states, "stranger " + std::to_string(i), 0);
  EXPECT_TRUE(states->find("keyed"));
  keep(*states, "another", 7);
  EXPECT_TRUE(states->find("another")) << "there is room for whoever has a key";
  EXPECT_FALSE(states->find("stranger 45")) << "the oldest go first";
  EXPECT_TRUE(states->find("stranger 46"));
  EXPECT_TRUE(states->find("stranger 49").value_or(SessionState{}).is_ended);
  EXPECT_FALSE(open()->find("stranger 45")) << "nor on disk";
}

TEST_F(FullRoomTest, OneAccountPushesOutItsOwnOnly) {
  const auto states = open_small();
  keep(*states, "theirs", 7);
  for (int i = 0; i < 50; ++i) keep(*states, "mine " + std::to_string(i), 8);
  EXPECT_TRUE(states->find("theirs"));
  EXPECT_FALSE(states->find("mine 45"));
  EXPECT_TRUE(states->find("mine 46"));
}

TEST_F(FullRoomTest, EndedSessionsGoBeforeThoseThatGoOn) {
  const auto states = open_small();
  keep(*states, "goes on", 7);
  for (int i = 0; i < 50; ++i) end(*states, "ended " + std::to_string(i), 7);
  EXPECT_TRUE(states->find("goes on"));
  EXPECT_TRUE(states->find("ended 49")) << "whoever ended it finds it ended";
}

TEST_F(FullRoomTest, WhatChangedLastStaysLongest) {
  const auto states = open_small();
  for (const auto* session : {"a", "b", "c", "d"}) keep(*states, session, 7);
  keep(*states, "a", 7);
  keep(*states, "e", 7);
  EXPECT_TRUE(states->find("a"));
  EXPECT_FALSE(states->find("b"));
}

TEST_F(FullRoomTest, OfAllAccountsTheFullestMakesPlace) {
  const auto states = open_small();
  keep(*states, "small", 1);
  for (int i = 0; i < 4; ++i) keep(*states, "two " + std::to_string(i), 2);
  for (int i = 0; i < 4; ++i) keep(*states, "three " + std::to_string(i), 3);
  EXPECT_TRUE(states->find("small"));
  int left = 0;
  for (int i = 0; i < 4; ++i)
    left += (states->find("two " + std::to_string(i)) ? 1 : 0) + (states->find("three " + std::to_string(i)) ? 1 : 0);
  EXPECT_EQ(left, 7);
}

TEST_F(FullRoomTest, ASessionThatBecomesSomebodysLeavesTheStrangersRoom) {
  const auto states = open_small();
  keep(*states, "bound", 0);
  states->change("bound", {.expires_unix_s = now() + 100}, [](SessionState& state) { state.account = 7; });
  for (int i = 0; i < 50; ++i) keep(*states, "stranger " + std::to_string(i), 0);
  EXPECT_TRUE(states->find("bound"));
}

TEST_F(FullRoomTest, IsMadeAlsoOfWhatAnotherProcessHasLeft) {
  {
    const auto states = open();
    for (int i = 0; i < 50; ++i) keep(*states, "stranger " + std::to_string(i), 0);
  }
  const auto states = open_small();
  int left = 0;
  for (int i = 0; i < 50; ++i) left += states->find("stranger " + std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(left, 4);
}

TEST_F(SessionStatesTest, SayWhoFollowsNoMore) {
  const auto states = open();
  const auto follow = [&](const std::string& session, std::int64_t seconds) {
    states->change(session, {.expires_unix_s = now() + seconds},
                   [](SessionState& state) { state.uris = {"test://one"}; });
  };
  follow("ended", 100);
  follow("expired", 10);
  follow("stays", 100);
  EXPECT_TRUE(states->take_left().empty());
  states->change("ended", {}, [](SessionState& state) { state.is_ended = true; });
  clock_.advance(std::chrono::seconds(11));
  states->sweep();
  const auto left = states->take_left();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].session, "ended");
  EXPECT_EQ(left[1].session, "expired");
  EXPECT_TRUE(left[1].uris.contains("test://one"));
  EXPECT_TRUE(states->take_left().empty()) << "once";
  EXPECT_EQ(states->followers("test://one").size(), 1u);
}

TEST_F(SessionStatesTest, AreForgottenWhenTheSessionHasExpired) {
  const auto states = open();
  states->change("a", {.expires_unix_s = now() + 10}, [](SessionState& state) { state.is_ended = true; });
  states->sweep();
  EXPECT_TRUE(states->find("a"));
  clock_.advance(std::chrono::seconds(11));
  states->sweep();
  EXPECT_FALSE(states->find("a"));
  EXPECT_FALSE(open()->find("a")) << "nor on disk";
}

}  // namespace
}  // namespace toolrack::mcp
