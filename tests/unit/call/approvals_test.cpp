#include "call/approvals.hpp"

#include <gmock/gmock.h>

#include "call_fixture.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"

namespace toolrack::call {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ApprovalTest : public CallTest {
 protected:
  ApprovalTest() {
    serve({{.name = "acts", .handler = echo_, .price = micros(1000), .approval = true},
           {.name = "limited",
            .handler = echo_,
            .limits = {{.scope = registry::ClassLimit::Scope::kAccount,
                        .count = 1,
                        .window = std::chrono::hours(1),
                        .name = {}}},
            .approval = true}});
  }
  std::string ask(const std::string& skill = "acts", const std::string& input = R"({"a":1,"b":[2]})") {
    const auto ended = run({.skill = skill, .input = input});
    EXPECT_EQ(ended.error, "approval_required") << ended.message;
    EXPECT_EQ(ended.status, 409);
    const auto details = base::json::parse(ended.details).value();
    return std::string(base::json::find_string(details, "approval_id").value_or(""));
  }
  base::Result<Approval> decide(const std::string& id, bool approves = true, std::string_view account = "local") {
    return rack_.approvals.decide(account, id, approves, "k_owner");
  }
};

TEST_F(ApprovalTest, ACallWaitsForAPersonAndThenRunsOnce) {
  const auto id = ask();
  EXPECT_EQ(echo_->invoked.value(), 0);
  EXPECT_EQ(ask(), id) << "the same call is asked about once";
  ASSERT_TRUE(decide(id));
  const auto ended = run({.skill = "acts", .input = R"( {"b": [2], "a": 1} )"});
  EXPECT_TRUE(ended.ok) << ended.message << ": the same input in another spelling";
  EXPECT_EQ(echo_->invoked.value(), 1);
  EXPECT_EQ(ask(), id) << "it was good for one call";
  EXPECT_EQ(echo_->invoked.value(), 1);
}

TEST_F(ApprovalTest, IsForThisInputAlone) {
  const auto id = ask();
  ASSERT_TRUE(decide(id));
  EXPECT_NE(ask("acts", R"({"a":1,"b":[3]})"), id);
  EXPECT_NE(ask("limited"), id);
  EXPECT_EQ(echo_->invoked.value(), 0);
}

TEST_F(ApprovalTest, ShowsAPersonWhatTheyAgreeTo) {
  const auto id = ask();
  const auto shown = rack_.approvals.find("local", id);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->tool, "test/fake");
  EXPECT_EQ(shown->skill, "acts");
  EXPECT_EQ(shown->version, "1.0.0");
  EXPECT_EQ(shown->input_json, R"({"a":1,"b":[2]})");
  EXPECT_EQ(shown->price, micros(1050));
  EXPECT_THAT(rack_.approvals.list("local").value(), SizeIs(1));
}

TEST_F(ApprovalTest, OneThatWasRejectedIsNotAskedForAgain) {
  const auto id = ask();
  ASSERT_TRUE(decide(id, false));
  const auto ended = run({.skill = "acts", .input = R"({"a":1,"b":[2]})"});
  EXPECT_EQ(ended.error, "approval_rejected");
  EXPECT_EQ(echo_->invoked.value(), 0);
  const auto again = decide(id);
  ASSERT_FALSE(again) << "it was decided";
  EXPECT_EQ(again.error().code(), base::ErrorCode::kConflict);
}

TEST_F(ApprovalTest, OnlyOneOfTwoEqualCallsTakesIt) {
  const auto id = ask();
  ASSERT_TRUE(decide(id));
  std::vector<std::shared_ptr<Started>> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(start({.skill = "acts", .input = R"({"a":1,"b":[2]})"}));
  int ran = 0;
  for (const auto& call : calls) ran += call->wait().ok ? 1 : 0;
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(echo_->invoked.value(), 1);
}

TEST_F(ApprovalTest, IsNotSpentOnACallThatALimitRefusesNorIsTheLimitOnOneThatWaits) {
  const auto first = ask("limited", "{}");
  ASSERT_TRUE(decide(first));
  EXPECT_TRUE(run({.skill = "limited", .input = "{}"}).ok) << "the question cost nothing of the limit";
  const auto second = ask("limited", R"({"n":2})");
  ASSERT_TRUE(decide(second));
  EXPECT_EQ(run({.skill = "limited", .input = R"({"n":2})"}).error, "rate_limited");
  EXPECT_EQ(rack_.approvals.find("local", second)->status, Approval::Status::kApproved);
}

TEST_F(ApprovalTest, ADryRunAsksNobody) {
  EXPECT_TRUE(run({.skill = "acts", .dry_run = true}).ok);
  EXPECT_THAT(rack_.approvals.list("local").value(), SizeIs(0));
}

TEST_F(ApprovalTest, AnotherAccountSeesAndDecidesNothing) {
  const auto id = ask();
  EXPECT_EQ(decide(id, true, "acc_other").error().name(), "approval_not_found");
  EXPECT_EQ(rack_.approvals.find("acc_other", id).error().name(), "approval_not_found");
  EXPECT_THAT(rack_.approvals.list("acc_other").value(), SizeIs(0));
  EXPECT_THAT(rack_.approvals.list("loca").value(), SizeIs(0));
}

/// With a clock of the test's own.
class ApprovalClockTest : public ::testing::Test {
 protected:
  Approvals::Wish wish(std::string_view input = "{}") const {
    return {.account = "acc", .key_id = "k1", .skill = &tool_->skills.front(), .input_json = input, .price = {}};
  }
  std::string ask(std::string_view input = "{}") {
    const auto asked = approvals_.ask(wish(input));
    EXPECT_FALSE(asked);
    const auto details = base::json::parse(asked.error().details_json()).value();
    return std::string(base::json::find_string(details, "approval_id").value_or(""));
  }
  testing::MemoryStore store_;
  testing::FakeClock clock_;
  Approvals approvals_{store_, clock_};
  std::shared_ptr<const registry::Tool> tool_ =
      testing::make_tool("fake", {{.name = "acts", .handler = std::make_shared<testing::InstantSkill>()}});
};

TEST_F(ApprovalClockTest, QuestionsAndApprovalsEnd) {
  const auto id = ask();
  clock_.advance(Approvals::kLifetime);
  EXPECT_EQ(approvals_.decide("acc", id, true, "").error().name(), "approval_not_found") << "the question is too old";
  EXPECT_EQ(ask(), id) << "and may be asked again";
  clock_.advance(Approvals::kLifetime - std::chrono::seconds(1));
  ASSERT_TRUE(approvals_.decide("acc", id, true, ""));
  clock_.advance(Approvals::kLifetime - std::chrono::seconds(1));
  EXPECT_TRUE(approvals_.ask(wish())) << "an approval counts from when it was given";
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(approvals_.use(wish()));
}

TEST_F(ApprovalClockTest, WhatHasExpiredIsForgotten) {
  ask("{}");
  clock_.advance(std::chrono::minutes(10));
  const auto younger = ask(R"({"n":1})");
  clock_.advance(std::chrono::minutes(6));
  EXPECT_EQ(approvals_.sweep(), 1u);
  EXPECT_EQ(approvals_.sweep(), 0u);
  EXPECT_TRUE(approvals_.find("acc", younger));
}

TEST_F(ApprovalClockTest, AnAccountHasSoManyQuestionsAndNoMore) {
  for (std::size_t i = 0; i < Approvals::kMostOpen; ++i) ask(std::to_string(i));
  const auto refused = approvals_.ask(wish(R"("one more")"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "too_many_approvals");
  EXPECT_EQ(approvals_.ask(wish("7")).error().name(), "approval_required") << "one that is there already is no more";
}

TEST_F(ApprovalClockTest, AnInputThatNobodyCanJudgeIsRefused) {
  const auto large = "\"" + std::string(Approvals::kMostInputBytes, 'x') + "\"";
  EXPECT_EQ(approvals_.ask(wish(large)).error().code(), base::ErrorCode::kBodyTooLarge);
}

}  // namespace
}  // namespace toolrack::call
