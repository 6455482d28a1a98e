/// Calls whose answer was given before, or is being made for somebody else.
#include "call_fixture.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;

/// Answers {"n":1}, {"n":2}, … as `mode` of the input says.
registry::Outcome count_up(const registry::Invocation& invocation, int n) {
  auto outcome = testing::success(R"({"n":)" + std::to_string(n) + "}");
  const auto says = [&](std::string_view word) { return invocation.input_json.find(word) != std::string_view::npos; };
  if (says("public")) outcome.cache_public = true;
  if (says("brief")) outcome.ttl_ns = 1;
  if (says("cut")) outcome.truncated = true;
  if (says("fails")) return testing::failure({base::ErrorCode::kProviderError, "no"});
  if (says("parts")) outcome.parts.push_back({.text = "said"});
  return outcome;
}

class CachedCall : public CallTest {
 protected:
  CachedCall() {
    serve({{.name = "count",
            .handler = counter_,
            .price = micros(100),
            .read_only = true,
            .cache_ttl = 60s,
            .cached_price = micros(10)},
           {.name = "plain", .handler = counter_, .read_only = true},
           {.name = "waiting", .handler = waiting_, .price = micros(100), .read_only = true, .cache_ttl = 60s},
           {.name = "brief", .handler = waiting_, .timeout = 30ms, .read_only = true, .cache_ttl = 60s}});
  }
  ~CachedCall() override { waiting_->release(); }

  static accounts::PrincipalRef principal(std::string account) {
    return std::make_shared<accounts::Principal>(
        accounts::Principal{.account = std::move(account), .key_id = "k", .scopes = accounts::Scopes::standard()});
  }

  std::atomic<int> n_{0};
  std::shared_ptr<testing::InstantSkill> counter_ =
      std::make_shared<testing::InstantSkill>([this](const auto& invocation) { return count_up(invocation, ++n_); });
  std::shared_ptr<testing::WaitingSkill> waiting_ = std::make_shared<testing::WaitingSkill>();
};

TEST_F(CachedCall, IsAnsweredByTheFirstOnesAnswer) {
  const auto first = run({.skill = "count"});
  EXPECT_EQ(first.output, R"({"n":1})");
  EXPECT_EQ(first.cache.use, ServedBy::kSkill);
  EXPECT_TRUE(first.cache.is_stored);
  EXPECT_EQ(cache_status(first.cache), "toolrack; fwd=uri-miss; stored; ttl=60");
  const auto second = run({.skill = "count"});
  EXPECT_EQ(second.output, R"({"n":1})");
  EXPECT_THAT(second.reply, ::testing::HasSubstr(R"("cached":true)"));
  EXPECT_THAT(cache_status(second.cache), ::testing::StartsWith("toolrack; hit; ttl="));
  EXPECT_EQ(counter_->invoked.value(), 1);
}

TEST_F(CachedCall, CostsWhatTheManifestSaysOfCachedAnswers) {
  EXPECT_EQ(run({.skill = "count"}).cost, micros(105));
  const auto hit = run({.skill = "count"});
  EXPECT_EQ(hit.raw_cost, micros(10));
  EXPECT_EQ(hit.cost, micros(10).percent(105));
  EXPECT_EQ(recorded_calls(), 2u) << "a hit is a call";
}

TEST_F(CachedCall, IsTheSameCallWhateverTheOrderOfItsMembers) {
  run({.skill = "count", .input = R"({"a":1,"b":[2]})"});
  EXPECT_EQ(run({.skill = "count", .input = R"({ "b":[2], "a":1 })"}).cache.use, ServedBy::kCache);
  EXPECT_EQ(run({.skill = "count", .input = R"({"a":1,"b":[3]})"}).cache.use, ServedBy::kSkill);
}

TEST_F(CachedCall, IsAnotherOneForAnotherAccountUnlessTheSkillSaysOtherwise) {
  run({.skill = "count", .principal = principal("one")});
  EXPECT_EQ(run({.skill = "count", .principal = principal("two")}).cache.use, ServedBy::kSkill);
  run({.skill = "count", .input = R"({"public":1})", .principal = principal("one")});
  EXPECT_EQ(run({.skill = "count", .input = R"({"public":1})", .principal = principal("two")}).cache.use,
            ServedBy::kCache);
}

TEST_F(CachedCall, KeepsPartsAndNothingThatFailedOrWasCutOrIsOver) {
  run({.skill = "count", .input = R"({"parts":1})"});
  EXPECT_THAT(run({.skill = "count", .input = R"({"parts":1})"}).reply, ::testing::HasSubstr("said"));
  for (const auto* input : {R"({"fails":1})", R"({"cut":1})", R"({"brief":1})"}) {
    run({.skill = "count", .input = input});
    EXPECT_EQ(run({.skill = "count", .input = input}).cache.use, ServedBy::kSkill) << input;
  }
}

TEST_F(CachedCall, TakesNoPartWhereTheSkillHasNoTimeToLive) {
  run({.skill = "plain"});
  const auto second = run({.skill = "plain"});
  EXPECT_EQ(second.cache.use, ServedBy::kUncached);
  EXPECT_EQ(cache_status(second.cache), "");
  EXPECT_EQ(counter_->invoked.value(), 2);
}

TEST_F(CachedCall, RunsAgainWhenTheCallerWantsNoOlderAnswer) {
  run({.skill = "count"});
  EXPECT_EQ(run({.skill = "count", .cache = CacheUse::kOff}).output, R"({"n":2})");
  EXPECT_EQ(run({.skill = "count"}).output, R"({"n":1})") << "off keeps nothing";
  const auto refreshed = run({.skill = "count", .cache = CacheUse::kRefresh});
  EXPECT_EQ(refreshed.output, R"({"n":3})");
  EXPECT_EQ(cache_status(refreshed.cache), "toolrack; fwd=request; stored; ttl=60");
  EXPECT_EQ(run({.skill = "count"}).output, R"({"n":3})");
}

TEST_F(CachedCall, WaitsForTheSameCallOfSomebodyElse) {
  const auto leader = start({.skill = "waiting"});
  std::vector<std::shared_ptr<Started>> followers;
  for (int i = 0; i < 5; ++i) followers.push_back(start({.skill = "waiting"}));
  waiting_->release(R"({"n":1})");
  EXPECT_EQ(leader->wait().cost, micros(105));
  for (const auto& follower : followers) {
    const auto ended = follower->wait();
    EXPECT_EQ(ended.output, R"({"n":1})");
    EXPECT_EQ(ended.cache.use, ServedBy::kLeader);
    EXPECT_EQ(ended.cost, micros(0)) << "the provider was asked once";
  }
  EXPECT_EQ(waiting_->invoked.value(), 1);
}

TEST_F(CachedCall, AsksItselfWhenTheLeaderLeaves) {
  const auto leader = start({.skill = "waiting"});
  const auto follower = start({.skill = "waiting"});
  cancel(*leader);
  EXPECT_EQ(leader->wait().error, "cancelled");
  ASSERT_TRUE(waiting_->invoked.wait_for(2)) << "the follower leads now";
  waiting_->release(R"({"n":2})");
  EXPECT_EQ(follower->wait().output, R"({"n":2})");
}

TEST_F(CachedCall, LeavesWithoutTheLeader) {
  const auto leader = start({.skill = "waiting"});
  const auto follower = start({.skill = "waiting"});
  cancel(*follower);
  EXPECT_EQ(follower->wait().error, "cancelled");
  EXPECT_FALSE(leader->is_done());
  waiting_->release();
  EXPECT_TRUE(leader->wait().ok);
}

TEST_F(CachedCall, EndsAtItsOwnDeadlineWhileItFollows) {
  const auto leader = start({.skill = "waiting"});
  const auto follower = start({.skill = "waiting", .timeout_ms = 20});
  EXPECT_EQ(follower->wait().error, "timeout");
  EXPECT_FALSE(leader->is_done());
  waiting_->release();
  EXPECT_TRUE(leader->wait().ok);
}

TEST_F(CachedCall, OfANewBuildIsAskedAnew) {
  run({.skill = "count"});
  rack_.publish({testing::make_tool(
      "fake", {{.name = "count", .handler = counter_, .read_only = true, .cache_ttl = 60s}}, "1.0.1")});
  EXPECT_EQ(run({.skill = "count"}).cache.use, ServedBy::kSkill);
}

}  // namespace
}  // namespace toolrack::call
