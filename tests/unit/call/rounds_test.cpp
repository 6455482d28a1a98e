/// Calls whose skills ask: suspended and run again with the answers, or waiting for them.
#include <gmock/gmock.h>
#include <boost/asio/steady_timer.hpp>

#include "call/questions/question_words.hpp"
#include "call_fixture.hpp"
#include "support/asking_skill.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::parsed;

constexpr auto kAda = R"({"who":{"action":"accept","content":{"name":"Ada"}}})";
constexpr auto kAll = registry::kCanAskForm | registry::kCanAskUrl | registry::kCanSample | registry::kCanListRoots;

class RoundsTest : public CallTest {
 protected:
  RoundsTest() { publish("1.0.0"); }

  void publish(const std::string& version) {
    const auto skill = [this](std::string name) {
      return testing::FakeSkill{.name = std::move(name), .handler = asking_};
    };
    auto priced = skill("priced");
    priced.price = micros(3'000);
    auto careful = skill("careful");
    careful.confirm = true;
    auto rare = skill("rare");
    rare.limits = {{.scope = registry::ClassLimit::Scope::kAccount, .count = 1, .window = 1h, .name = "rare"}};
    auto choice = skill("choice");
    choice.providers = {"gold:9000", "tin:2000"};
    auto kept = skill("kept");
    kept.read_only = true;
    kept.cache_ttl = 60s;
    auto hasty = skill("hasty");
    hasty.timeout = 2s;  // Until it asks, and after the answer.
    auto slow = skill("slow");
    slow.estimated_seconds = 100;
    rack_.publish(
        {testing::make_tool("fake", {skill("asks"), priced, careful, rare, choice, kept, hasty, slow}, version)});
  }
  static Ask of(std::string asks, std::string skill = "asks") {
    return {.skill = std::move(skill), .input = R"({"ask":[)" + asks + "]}", .can_ask = kAll};
  }
  Ended answer(Ask ask, const Ended& suspended, std::string answers) {
    ask.state = suspended.state;
    ask.answers = std::move(answers);
    return run(ask);
  }

  std::shared_ptr<testing::AskingSkill> asking_ = std::make_shared<testing::AskingSkill>();
};

TEST_F(RoundsTest, IsSuspendedAndRunsAgainWithTheAnswer) {
  const auto asked = run(of(R"("form:who")"));
  EXPECT_TRUE(asked.ok);
  EXPECT_THAT(asked.asked, ElementsAre("who"));
  EXPECT_EQ(asked.status, 409);
  EXPECT_EQ(at(parsed(asked.reply), "/status"), "input_required");
  EXPECT_EQ(at(parsed(asked.reply), "/questions/who/method"), "elicitation/create");
  EXPECT_EQ(at(parsed(asked.reply), "/questions/who/params/message"), "Please.");
  EXPECT_EQ(rack_.suspended.count(), 1u);

  const auto ended = answer(of(R"("form:who")"), asked, kAda);
  EXPECT_TRUE(ended.ok) << ended.message;
  EXPECT_EQ(at(parsed(ended.output), "/run"), "1");
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(asking_->invoked.value(), 2);
  EXPECT_EQ(rack_.suspended.count(), 0u);
}

TEST_F(RoundsTest, AsksQuestionsOfOneFrameTogether) {
  auto ask = of(R"("form:who","sample:model","roots:dirs")");
  ask.input = R"({"ask":["form:who","sample:model","roots:dirs"],"together":true})";
  const auto asked = run(ask);
  EXPECT_THAT(asked.asked, ElementsAre("who", "model", "dirs"));
  const auto ended = answer(ask, asked, R"({"who":{"action":"decline"},
      "model":{"role":"assistant","content":{"type":"text","text":"Paris"},"model":"m"},
      "dirs":{"roots":[{"uri":"file:///tmp"}]}})");
  ASSERT_TRUE(ended.ok) << ended.message;
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), "declined");
  EXPECT_THAT(at(parsed(ended.output), "/said/1"), HasSubstr("Paris"));
  EXPECT_EQ(at(parsed(ended.output), "/said/2"), R"([{"uri":"file:///tmp"}])");
}

TEST_F(RoundsTest, AsksAgainForWhatIsMissingWithoutRunning) {
  auto ask = of("");
  ask.input = R"({"ask":["form:who","form:where"],"together":true})";
  const auto first = run(ask);
  const auto second = answer(ask, first, R"({"who":{"action":"accept","content":{"name":"Ada"}},"stranger":{}})");
  EXPECT_THAT(second.asked, ElementsAre("where"));
  EXPECT_NE(second.state, first.state);
  const auto third = answer(ask, second, "{}");
  EXPECT_THAT(third.asked, ElementsAre("where"));
  EXPECT_EQ(asking_->invoked.value(), 1);
  const auto ended = answer(ask, third, R"({"where":{"action":"cancel"}})");
  ASSERT_TRUE(ended.ok) << ended.message;
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(at(parsed(ended.output), "/said/1"), "dismissed");
}

TEST_F(RoundsTest, GoesThroughSeveralRoundsWithAStateOfEachOne) {
  const auto ask = of(R"("form:who","form:colour")");
  const auto first = run(ask);
  const auto second = answer(ask, first, kAda);
  EXPECT_THAT(second.asked, ElementsAre("colour"));
  EXPECT_NE(second.state, first.state);
  const auto ended = answer(ask, second, R"({"colour":{"action":"accept","content":{"name":"blue"}}})");
  EXPECT_EQ(at(parsed(ended.output), "/run"), "2");
  EXPECT_EQ(at(parsed(ended.output), "/said/1"), R"({"name":"blue"})");
}

TEST_F(RoundsTest, TakesAStateOnceAndFromNobodyElse) {
  const auto ask = of(R"("form:who")");
  const auto asked = run(ask);
  auto tampered = asked;
  tampered.state[10] = tampered.state[10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(answer(ask, tampered, kAda).error, "invalid_request_state");
  EXPECT_EQ(answer(ask, tampered, kAda).status, 400);

  auto other_input = ask;
  other_input.input = R"({"ask":["form:who","form:more"]})";
  EXPECT_EQ(answer(other_input, asked, kAda).error, "invalid_request_state");
  auto other_caller = ask;
  other_caller.principal = limited({});
  EXPECT_EQ(answer(other_caller, asked, kAda).error, "invalid_request_state");

  EXPECT_TRUE(answer(ask, asked, kAda).ok) << "refusals have not used it up";
  EXPECT_EQ(answer(ask, asked, kAda).error, "invalid_request_state") << "it is used now";
}

TEST_F(RoundsTest, ForgetsAfterAQuarterOfAnHour) {
  const auto ask = of(R"("form:who")");
  const auto asked = run(ask);
  rack_.suspended_clock.advance(15min + 1s);
  const auto late = answer(ask, asked, kAda);
  EXPECT_EQ(late.error, "invalid_request_state");
  EXPECT_THAT(late.message, HasSubstr("expired"));
}

TEST_F(RoundsTest, RefusesAnAnswerThatIsNoneAndTakesABetterOne) {
  const auto ask = of(R"("form:who")");
  const auto asked = run(ask);
  for (const auto* answers : {R"({"who":7})", R"({"who":{"action":"perhaps"}})", R"({"who":{"action":"accept"}})",
                              R"({"who":{"action":"accept","content":{"name":7}}})"}) {
    const auto refused = answer(ask, asked, answers);
    EXPECT_EQ(refused.error, "invalid_answer") << answers;
    EXPECT_THAT(refused.message, HasSubstr("\"who\""));
  }
  EXPECT_TRUE(answer(ask, asked, kAda).ok);
}

TEST_F(RoundsTest, ChargesAndRecordsOnceUnderTheFirstRequestsId) {
  const auto ask = of(R"("form:who")", "priced");
  const auto asked = run(ask);
  EXPECT_EQ(asked.cost, micros(0));
  EXPECT_EQ(recorded_calls(), 0u);
  const auto ended = answer(ask, asked, kAda);
  EXPECT_EQ(ended.cost, micros(3'150));
  EXPECT_EQ(recorded_calls(), 1u);
}

TEST_F(RoundsTest, AsksNoLimitOrConfirmationTwice) {
  const auto rare = of(R"("form:who")", "rare");
  EXPECT_TRUE(answer(rare, run(rare), kAda).ok) << "one call an hour, and this is one call";
  auto careful = of(R"("form:who")", "careful");
  careful.confirmed = true;
  const auto asked = run(careful);
  careful.confirmed = false;
  EXPECT_TRUE(answer(careful, asked, kAda).ok);
}

TEST_F(RoundsTest, KeepsTheStateOfACallThatIsRefusedBeforeItRuns) {
  auto ask = of(R"("form:who")");
  ask.principal = limited({.per_minute = 2});
  const auto asked = run(ask);
  run({.skill = "asks", .principal = ask.principal});
  EXPECT_EQ(answer(ask, asked, kAda).error, "rate_limited");
  EXPECT_EQ(rack_.suspended.count(), 1u);
}

TEST_F(RoundsTest, StaysOnItsVersionAndItsBackend) {
  const auto ask = of(R"("form:who")", "choice");
  const auto asked = run(ask);
  EXPECT_EQ(asked.backend, "tin");
  rack_.publish({testing::make_tool("fake", {{.name = "choice", .handler = echo_}}, "2.0.0")});
  EXPECT_EQ(answer(ask, asked, kAda).error, "version_not_found");
  publish("1.0.0");
  const auto ended = answer(ask, asked, kAda);
  ASSERT_TRUE(ended.ok) << ended.error << ended.message;
  EXPECT_EQ(ended.backend, "tin");
  EXPECT_EQ(ended.cost, micros(2'100));
}

TEST_F(RoundsTest, DoesAStepOnceOverAllRuns) {
  const auto ask = of(R"("form:who")");
  const auto ended = answer(ask, run(ask), kAda);
  EXPECT_EQ(at(parsed(ended.output), "/step"), "found of run 0");
}

TEST_F(RoundsTest, KeepsNoAnswerForOthersThatSomebodyHasAnswered) {
  const auto ask = of(R"("form:who")", "kept");
  EXPECT_TRUE(answer(ask, run(ask), kAda).ok);
  EXPECT_THAT(run(ask).asked, ElementsAre("who")) << "the next caller is asked, too";
}

TEST_F(RoundsTest, AsksNobodyWhoCannotAnswer) {
  auto deaf = of(R"("form:who")");
  deaf.can_ask = 0;
  EXPECT_EQ(run(deaf).error, "cannot_ask");
  deaf.can_ask = registry::kCanSample;
  EXPECT_EQ(run(deaf).error, "cannot_ask");
}

TEST_F(RoundsTest, TellsALaterRunWhatTheFirstWasToldAndAsksNoMore) {
  auto ask = of(R"("form:who","form:more")");
  const auto asked = run(ask);
  ask.can_ask = 0;
  const auto ended = answer(ask, asked, kAda);
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(at(parsed(ended.output), "/said/1"), "cannot_ask");
}

TEST_F(RoundsTest, RefusesAKeyThatWasUsed) {
  const auto ask = of(R"("form:who","form:who")");
  const auto ended = answer(ask, run(ask), kAda);
  EXPECT_EQ(at(parsed(ended.output), "/said/1"), "invalid_question");
}

TEST_F(RoundsTest, DropsTheOldestOfACallerWhoSuspendsTooMuch) {
  const auto ask = of(R"("form:who")");
  const auto first = run(ask);
  for (std::size_t i = 0; i < SuspendedCalls::kMostOfAccount; ++i) {
    rack_.suspended_clock.advance(1ms);
    EXPECT_FALSE(run(ask).state.empty());
  }
  EXPECT_EQ(rack_.suspended.count(), SuspendedCalls::kMostOfAccount);
  EXPECT_EQ(answer(ask, first, kAda).error, "invalid_request_state");
}

class WaitingRoundsTest : public RoundsTest {
 protected:
  static Ask waiting(std::string skill = "asks") {
    auto ask = of(R"("form:who")", std::move(skill));
    ask.waits = true;
    return ask;
  }
  void tell(Started& started, base::Result<registry::Asked> asked) {
    on_loop([&] { started.answers.at(0)(std::move(asked)); });
  }
};

TEST_F(WaitingRoundsTest, WaitsWhereTheSinkTakesQuestions) {
  const auto started = start(waiting());
  ASSERT_TRUE(started->times_asked.wait_for(1));
  EXPECT_EQ(started->questions.at(0).key, "who");
  tell(*started, registry::Asked{.body_json = R"({"name":"Ada"})"});
  const auto ended = started->wait();
  EXPECT_EQ(at(parsed(ended.output), "/run"), "0");
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(asking_->invoked.value(), 1);
}

TEST_F(WaitingRoundsTest, TellsTheSkillWhyThereIsNoAnswer) {
  const auto started = start(waiting());
  ASSERT_TRUE(started->times_asked.wait_for(1));
  tell(*started, tl::unexpected(base::Error(base::ErrorCode::kUnavailable, "gone").with_name("client_left")));
  EXPECT_EQ(at(parsed(started->wait().output), "/said/0"), "client_left");
}

TEST_F(WaitingRoundsTest, LetsAPersonThinkLongerThanTheSkillMayTake) {
  const auto started = start(waiting("hasty"));
  ASSERT_TRUE(started->times_asked.wait_for(1));
  boost::asio::steady_timer timer(rack_.loops[0].context());
  std::promise<void> thought;
  on_loop([&] {
    timer.expires_after(2'200ms);
    timer.async_wait([&](boost::system::error_code) { thought.set_value(); });
  });
  thought.get_future().wait();
  EXPECT_FALSE(started->is_done());
  tell(*started, registry::Asked{.body_json = "{}"});
  EXPECT_TRUE(started->wait().ok);
}

TEST_F(WaitingRoundsTest, EndsWhenItsCallerCancels) {
  const auto started = start(waiting());
  ASSERT_TRUE(started->times_asked.wait_for(1));
  cancel(*started);
  EXPECT_EQ(started->wait().error, "cancelled");
  tell(*started, registry::Asked{.body_json = "{}"});  // Nobody listens.
}

}  // namespace
}  // namespace toolrack::call
