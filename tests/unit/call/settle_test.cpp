/// Money: what a call costs, and when its charge is durable.
#include "call_fixture.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;
using testing::InstantSkill;

constexpr auto kStoreDelay = 60ms;

/// A skill that says what the provider took.
std::shared_ptr<InstantSkill> metered(std::int64_t raw_micros) {
  return std::make_shared<InstantSkill>([raw_micros](const auto&) {
    auto outcome = testing::success("{}");
    outcome.raw_cost = micros(raw_micros);
    return outcome;
  });
}

std::shared_ptr<InstantSkill> failing(std::optional<bool> billed) {
  return std::make_shared<InstantSkill>([billed](const auto&) {
    auto outcome = testing::failure({base::ErrorCode::kToolError, "no"});
    outcome.billed = billed;
    return outcome;
  });
}

class SettleTest : public CallTest {
 protected:
  SettleTest() : CallTest({.store_delay = kStoreDelay}) {
    serve(
        {{.name = "free", .handler = echo_},
         {.name = "priced", .handler = echo_, .price = micros(3'000)},
         {.name = "tiny", .handler = echo_, .price = micros(1)},
         {.name = "half", .handler = echo_, .price = micros(10)},
         {.name = "cheaper", .handler = metered(1'000), .price = micros(3'000)},
         {.name = "dearer", .handler = metered(9'000), .price = micros(3'000)},
         {.name = "fails", .handler = failing(std::nullopt), .price = micros(3'000)},
         {.name = "fails_billed", .handler = failing(true), .price = micros(3'000)},
         {.name = "liar", .handler = echo_, .output = R"({"type":"object","required":["n"]})", .price = micros(3'000)},
         {.name = "stubborn", .handler = stubborn_, .price = micros(3'000)}});
  }
  ~SettleTest() override { stubborn_->release(); }
  std::shared_ptr<testing::WaitingSkill> stubborn_ = std::make_shared<testing::WaitingSkill>(true);
};

TEST_F(SettleTest, AnswersAPricedCallWhenItsRecordIsDurable) {
  const auto before = std::chrono::steady_clock::now();
  const auto started = start({.skill = "priced"});
  EXPECT_NE(started->ticket, 0u) << "not within start";
  const auto ended = started->wait();
  EXPECT_TRUE(ended.ok);
  EXPECT_GE(std::chrono::steady_clock::now() - before, kStoreDelay);
  EXPECT_GE(ended.timings.settle_ns, std::chrono::nanoseconds(kStoreDelay).count() / 2);
  EXPECT_EQ(ended.billed, true);
}

TEST_F(SettleTest, AnswersAFreeCallWithoutWaiting) {
  const auto started = start({.skill = "free"});
  EXPECT_EQ(started->ticket, 0u);
  const auto ended = started->wait();
  EXPECT_EQ(ended.timings.settle_ns, 0);
  EXPECT_EQ(ended.billed, false);
  EXPECT_EQ(recorded_calls(), 1u) << "but records it";
}

TEST_F(SettleTest, AddsFivePerCentRoundedHalfUp) {
  const auto cost = [&](std::string skill) { return run({.skill = std::move(skill)}).cost; };
  EXPECT_EQ(cost("priced"), micros(3'150));
  EXPECT_EQ(cost("tiny"), micros(1));
  EXPECT_EQ(cost("half"), micros(11)) << "10.5 µ$";
}

TEST_F(SettleTest, ChargesWhatTheSkillMetered) {
  const auto ended = run({.skill = "cheaper"});
  EXPECT_EQ(ended.raw_cost, micros(1'000));
  EXPECT_EQ(ended.cost, micros(1'050));
}

TEST_F(SettleTest, NeverChargesMoreThanWasAdmitted) {
  const auto ended = run({.skill = "dearer", .max_price = micros(3'150)});
  EXPECT_TRUE(ended.ok);
  EXPECT_EQ(ended.raw_cost, micros(9'000)) << "what it really took is told";
  EXPECT_EQ(ended.cost, micros(3'150));
}

TEST_F(SettleTest, ChargesNothingForAFailure) {
  for (const auto* skill : {"fails", "liar"}) {
    const auto ended = run({.skill = skill});
    EXPECT_FALSE(ended.ok);
    EXPECT_EQ(ended.cost, micros(0)) << skill;
    EXPECT_EQ(ended.billed, false);
  }
}

TEST_F(SettleTest, ChargesAFailureThatTheProviderCharged) {
  const auto ended = run({.skill = "fails_billed"});
  EXPECT_FALSE(ended.ok);
  EXPECT_EQ(ended.cost, micros(3'150));
  EXPECT_EQ(ended.billed, true);
}

TEST_F(SettleTest, ChargesNothingForACallThatTimesOut) {
  const auto ended = run({.skill = "stubborn", .timeout_ms = 20});
  EXPECT_EQ(ended.error, "timeout");
  EXPECT_EQ(ended.cost, micros(0));
  EXPECT_EQ(testing::at(testing::parsed(ended.reply), "/cost"), "0");
}

TEST_F(SettleTest, LosesTheWorkRatherThanGivingItAwayUnrecorded) {
  rack_.store.set_failing(true);
  const auto ended = run({.skill = "priced"});
  EXPECT_EQ(ended.error, "store_failed");
  EXPECT_EQ(ended.output, "");
  EXPECT_EQ(ended.cost, micros(0));
  EXPECT_EQ(ended.billed, false);
  rack_.store.set_failing(false);
  EXPECT_TRUE(run({.skill = "priced"}).ok);
}

TEST_F(SettleTest, DoesNotCancelWhatIsAlreadyBeingCharged) {
  const auto started = start({.skill = "priced"});
  cancel(*started);
  const auto ended = started->wait();
  EXPECT_TRUE(ended.ok) << "it ran, and is charged";
  EXPECT_EQ(ended.cost, micros(3'150));
}

TEST_F(SettleTest, ChargesManyCallsAtOnceEachOnce) {
  std::vector<std::shared_ptr<Started>> all;
  for (int i = 0; i < 50; ++i) all.push_back(start({.skill = "priced", .input = "{\"n\":" + std::to_string(i) + "}"}));
  for (int i = 0; i < 50; ++i) {
    const auto ended = all[static_cast<std::size_t>(i)]->wait();
    EXPECT_EQ(ended.output, "{\"n\":" + std::to_string(i) + "}");
    EXPECT_EQ(ended.cost, micros(3'150));
  }
  const auto rows = *rack_.usage.summary("local", accounts::Period::kAll);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].calls, 50u);
  EXPECT_EQ(rows[0].cost, micros(50 * 3'150));
}

}  // namespace
}  // namespace toolrack::call
