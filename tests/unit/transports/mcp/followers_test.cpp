/// Who follows a resource, and what its tool is told of that.
#include "transports/mcp/followers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <utility>

#include "base/json.hpp"
#include "registry/tool_set.hpp"
#include "support/fake_skill.hpp"

namespace toolrack::mcp {
namespace {

using Telling = ResourceFollowers::Telling;

class FollowersTest : public ::testing::Test {
 protected:
  static accounts::PrincipalRef make_principal(std::string key, bool anonymous = false) {
    accounts::Principal principal;
    principal.account = "acc";
    principal.key_id = std::move(key);
    principal.anonymous = anonymous;
    return std::make_shared<const accounts::Principal>(std::move(principal));
  }
  static std::string said(const std::optional<Telling>& telling) {
    if (!telling) return "nothing";
    return (telling->follows ? "follow for " : "leave for ") + telling->principal->key_id;
  }
  static std::string said(const std::vector<Telling>& tellings) {
    return tellings.size() == 1 ? said(tellings.front()) : std::to_string(tellings.size()) + " things";
  }
  std::optional<Telling> add(const std::string& who, const accounts::PrincipalRef& principal) {
    return followers_.add("test://one", who, principal);
  }
  void reload() { code_ = std::make_shared<testing::InstantSkill>(); }

  std::shared_ptr<registry::Handler> code_ = std::make_shared<testing::InstantSkill>();
  ResourceFollowers followers_{[this](std::string_view, const registry::ToolSet* tools) {
    return tools != nullptr ? ResourceFollowers::Source{}
                            : ResourceFollowers::Source{.code = code_, .tool = "test/tool@1.0.0"};
  }};
  const accounts::PrincipalRef one_ = make_principal("one"), two_ = make_principal("two"),
                               stranger_ = make_principal("", true);
};

TEST_F(FollowersTest, TheFirstAndTheLastAreTold) {
  const auto first = add("a", one_);
  ASSERT_EQ(said(first), "follow for one");
  EXPECT_EQ(said(followers_.told(*first, true)), "nothing");
  EXPECT_EQ(said(add("b", two_)), "nothing");
  EXPECT_EQ(said(followers_.remove("test://one", "a")), "nothing");
  const auto last = followers_.remove("test://one", "b");
  ASSERT_EQ(said(last), "leave for one") << "in whose name it was told";
  EXPECT_EQ(said(followers_.told(*last, true)), "nothing");
  EXPECT_EQ(said(followers_.try_again()), "0 things");
}

TEST_F(FollowersTest, AStrangerBeforeTheFirstChangesNothing) {
  EXPECT_EQ(said(add("a", stranger_)), "nothing");
  EXPECT_EQ(said(add("b", one_)), "follow for one");
}

TEST_F(FollowersTest, OneThingIsToldAtATime) {
  const auto first = add("a", one_);
  EXPECT_EQ(said(followers_.remove("test://one", "a")), "nothing") << "it is being told still";
  const auto leave = followers_.told(*first, true);
  ASSERT_EQ(said(leave), "leave for one");
  EXPECT_EQ(said(add("b", two_)), "nothing");
  EXPECT_EQ(said(followers_.told(*leave, true)), "follow for two");
}

TEST_F(FollowersTest, WhatWasRefusedIsToldInAnothersName) {
  const auto first = add("a", one_);
  EXPECT_EQ(said(add("b", two_)), "nothing");
  const auto second = followers_.told(*first, false);
  ASSERT_EQ(said(second), "follow for two");
  EXPECT_EQ(said(followers_.told(*second, true)), "nothing");
}

TEST_F(FollowersTest, WhatWasRefusedAgainAndAgainWaitsForAnotherTime) {
  auto telling = add("a", one_);
  int tries = 0;
  for (; telling; ++tries) telling = followers_.told(*telling, false);
  EXPECT_EQ(tries, 3);
  const auto later = followers_.try_again();
  ASSERT_EQ(said(later), "follow for one");
  EXPECT_EQ(said(followers_.told(later.front(), true)), "nothing");
}

TEST_F(FollowersTest, AToolThatWasLoadedAnewIsToldAgain) {
  const auto first = add("a", one_);
  followers_.told(*first, true);
  EXPECT_EQ(said(followers_.try_again()), "0 things") << "it is the same one";
  reload();
  const auto again = followers_.try_again();
  ASSERT_EQ(said(again), "follow for one");
  followers_.told(again.front(), true);
  EXPECT_EQ(said(followers_.try_again()), "0 things");
}

TEST_F(FollowersTest, AToolThatWasGoneForAWhileIsToldAgain) {
  followers_.told(*add("a", one_), true);
  const auto same = std::exchange(code_, nullptr);
  EXPECT_EQ(said(followers_.try_again()), "0 things");
  code_ = same;
  EXPECT_EQ(said(followers_.try_again()), "follow for one");
}

TEST_F(FollowersTest, ToolsThatHaveForgottenAreToldAgainButNotForEver) {
  followers_.told(*add("a", one_), true);
  EXPECT_EQ(said(followers_.forgotten("test/other@1.0.0")), "0 things");
  int times = 0;
  for (auto again = followers_.forgotten("test/tool@1.0.0"); !again.empty(); ++times) {
    followers_.told(again.front(), true);
    again = followers_.forgotten("test/tool@1.0.0");
  }
  EXPECT_EQ(times, 2) << "what it is told may be what it dies of";
  EXPECT_EQ(said(followers_.try_again()), "follow for one");
}

TEST_F(FollowersTest, AKeyThatMayNotCallAnyMoreDoesNotCount) {
  const auto revoked = std::make_shared<std::atomic<bool>>(false);
  auto principal = *one_;
  principal.revoked = revoked;
  const auto key = std::make_shared<const accounts::Principal>(principal);
  followers_.told(*add("a", key), true);
  EXPECT_EQ(said(add("b", two_)), "nothing");
  revoked->store(true);
  EXPECT_EQ(said(followers_.key_changed(key)), "0 things") << "somebody else follows it still";
  const auto leave = followers_.remove("test://one", "b");
  EXPECT_EQ(said(leave), "leave for one") << "the other one cannot hear of it any more";
}

TEST_F(FollowersTest, AKeyThatDoesNotSeeTheToolAnyMoreDoesNotCount) {
  followers_.told(*add("a", one_), true);
  auto narrowed = *one_;
  const auto list = base::json::parse(R"(["other"])"), none = base::json::parse("[]");
  narrowed.tools = registry::ToolSet::create(&*list, &*none, nullptr).value();
  EXPECT_EQ(said(followers_.key_changed(std::make_shared<const accounts::Principal>(narrowed))), "leave for one");
}

}  // namespace
}  // namespace toolrack::mcp
