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
    ASSERT_TRUE(states->change("a", now() + 100, [](SessionState& state) {
      state.account = ~0ULL;
      state.log_level = std::uint8_t{3};
      state.uris = {"test://one", "test://two"};
    }));
    ASSERT_TRUE(states->change("b", now() + 100, [](SessionState& state) { state.is_ended = true; }));
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
  ASSERT_TRUE(states->change("a", now() + 100, [](SessionState& state) { state.uris = {"test://one"}; }));
  ASSERT_TRUE(states->change("b", now() + 100, [](SessionState& state) { state.uris = {"test://two"}; }));
  EXPECT_EQ(states->followers("test://one").size(), 1u);
  EXPECT_TRUE(states->followers("test://one").contains("a"));
  EXPECT_TRUE(states->followers("test://three").empty());
}

TEST_F(SessionStatesTest, AreForgottenWhenTheSessionHasExpired) {
  const auto states = open();
  ASSERT_TRUE(states->change("a", now() + 10, [](SessionState& state) { state.is_ended = true; }));
  states->sweep();
  EXPECT_TRUE(states->find("a"));
  clock_.advance(std::chrono::seconds(11));
  states->sweep();
  EXPECT_FALSE(states->find("a"));
  EXPECT_FALSE(open()->find("a")) << "nor on disk";
}

}  // namespace
}  // namespace toolrack::mcp
