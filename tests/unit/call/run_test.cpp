/// Running: deadlines, cancellation, late answers, and what outlives what.
#include "call_fixture.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;
using testing::WaitingSkill;

class RunTest : public CallTest {
 protected:
  RunTest() {
    serve({{.name = "echo", .handler = echo_},
           {.name = "later", .handler = later_},
           {.name = "waiting", .handler = waiting_},
           {.name = "stubborn", .handler = stubborn_},
           {.name = "brief", .handler = waiting_, .timeout = 30ms},
           {.name = "steps",
            .handler = std::make_shared<testing::ProgressSkill>(
                std::vector<testing::ProgressSkill::Step>{{1, 2, ""}, {2, 2, ""}})}});
  }
  ~RunTest() override {
    waiting_->release();
    stubborn_->release();
  }
  std::shared_ptr<testing::LaterSkill> later_ = std::make_shared<testing::LaterSkill>();
  std::shared_ptr<WaitingSkill> waiting_ = std::make_shared<WaitingSkill>();
  std::shared_ptr<WaitingSkill> stubborn_ = std::make_shared<WaitingSkill>(true);
};

TEST_F(RunTest, AnswersInsideStartWhenTheSkillDoes) {
  const auto started = start({.input = R"({"a":1})"});
  EXPECT_EQ(started->ticket, 0u);
  EXPECT_EQ(started->wait().output, R"({"a":1})");
}

TEST_F(RunTest, AnswersLaterWhenTheSkillDoes) {
  const auto ended = run({.skill = "later", .input = R"({"a":1})"});
  EXPECT_TRUE(ended.ok);
  EXPECT_EQ(ended.output, R"({"a":1})");
}

TEST_F(RunTest, KeepsWhatItBorrowedForEveryUseOfAnExecution) {
  // Executions are reused: the second call of each must copy its texts as the first did.
  for (int i = 0; i < 5; ++i) {
    const auto input = R"({"a":")" + std::string(200, static_cast<char>('a' + i)) + R"("})";
    EXPECT_EQ(run({.skill = "echo", .input = input}).output, input);
    EXPECT_EQ(run({.skill = "later", .input = input}).output, input);
  }
}

TEST_F(RunTest, EndsACallAtItsDeadline) {
  const auto ended = run({.skill = "brief"});
  EXPECT_EQ(ended.error, "timeout");
  EXPECT_EQ(ended.status, 504);
  EXPECT_EQ(waiting_->cancelled.value(), 1) << "the handler is told";
}

TEST_F(RunTest, SaysThatACallWhoseAnswerIsMissingMayHaveActed) {
  serve({{.name = "acts", .handler = waiting_, .timeout = 30ms},
         {.name = "reads", .handler = waiting_, .timeout = 30ms, .read_only = true}});
  EXPECT_NE(run({.skill = "acts"}).hint.find("may have acted"), std::string::npos);
  EXPECT_NE(run({.skill = "reads"}).hint.find("Try again"), std::string::npos);
}

TEST_F(RunTest, LeavesTheWordToASkillThatKnowsHowFarItCame) {
  waiting_->when_cancelled =
      base::Error(base::ErrorCode::kProviderError, "the order was sent, and no answer came").with_name("acme.sent");
  const auto ended = run({.skill = "brief"});
  EXPECT_EQ(ended.error, "acme.sent");
  EXPECT_EQ(ended.message, "the order was sent, and no answer came");
}

TEST_F(RunTest, ShortensTheDeadlineWhenTheCallerAsksForIt) {
  EXPECT_EQ(run({.skill = "waiting", .timeout_ms = 20}).error, "timeout");
}

TEST_F(RunTest, DoesNotLengthenTheDeadline) {
  EXPECT_EQ(run({.skill = "brief", .timeout_ms = std::numeric_limits<std::int64_t>::max()}).error, "timeout");
}

TEST_F(RunTest, AnswersInTimeThoughTheHandlerDoesNotStop) {
  const auto started = start({.skill = "stubborn", .timeout_ms = 20});
  EXPECT_EQ(started->wait().error, "timeout");
  EXPECT_EQ(stubborn_->cancelled.value(), 1);
  EXPECT_EQ(rack_.calls.running(), 1u) << "the handler still has the invocation";
  stubborn_->release();
  EXPECT_TRUE(becomes_idle());
  EXPECT_EQ(started->times_done.value(), 1) << "the late answer is dropped";
  EXPECT_EQ(recorded_calls(), 1u);
}

TEST_F(RunTest, KeepsTheInputForAHandlerThatOutlivesTheAnswer) {
  const auto seen = std::make_shared<std::string>();
  class Reader final : public registry::Handler {
   public:
    std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
      invocation_ = &invocation;
      completion_ = &completion;
      invoked.add();
      return 1;
    }
    void cancel(std::uint64_t) override {}
    /// On the call's loop.
    std::string finish() {
      std::string input(invocation_->input_json);
      completion_->complete(testing::success("{}"));
      return input;
    }
    testing::Count invoked;

   private:
    const registry::Invocation* invocation_ = nullptr;
    registry::Completion* completion_ = nullptr;
  };
  const auto reader = std::make_shared<Reader>();
  serve({{.name = "reader", .handler = reader}, {.name = "echo", .handler = echo_}});
  const auto started = start({.skill = "reader", .input = R"({"still":"here"})", .timeout_ms = 20});
  EXPECT_EQ(started->wait().error, "timeout");
  run({.skill = "echo", .input = R"({"another":"call"})"});
  on_loop([&] { EXPECT_EQ(reader->finish(), R"({"still":"here"})"); });
}

TEST_F(RunTest, CancelsARunningCall) {
  const auto started = start({.skill = "waiting"});
  ASSERT_NE(started->ticket, 0u);
  cancel(*started);
  EXPECT_EQ(started->wait().error, "cancelled");
  EXPECT_EQ(waiting_->cancelled.value(), 1);
}

TEST_F(RunTest, EndsACancelledCallThoughTheHandlerDoesNotStop) {
  const auto started = start({.skill = "stubborn"});
  cancel(*started);
  EXPECT_EQ(started->wait().error, "cancelled");
}

TEST_F(RunTest, IgnoresTicketsOfCallsThatHaveEnded) {
  const auto first = start({.skill = "waiting"});
  cancel(*first);
  first->wait();
  const auto second = start({.skill = "waiting"});  // Perhaps the very same execution.
  cancel(*first);
  cancel(*first);
  EXPECT_FALSE(second->is_done());
  EXPECT_EQ(waiting_->cancelled.value(), 1);
  cancel(*second);
  EXPECT_EQ(second->wait().error, "cancelled");
}

TEST_F(RunTest, KeepsASuccessThatComesAfterTheCancel) {
  const auto started = start({.skill = "stubborn"});
  on_loop([&] {  // In one turn: between two the time for unwinding may pass.
    rack_.calls.cancel(rack_.loops[0], started->ticket);
    stubborn_->release(R"({"done":true})");
  });
  const auto ended = started->wait();
  EXPECT_TRUE(ended.ok) << "the work was done: " << ended.error;
  EXPECT_EQ(ended.output, R"({"done":true})");
}

TEST_F(RunTest, PassesProgressOnWhileItRuns) {
  EXPECT_EQ(run({.skill = "steps", .wants_progress = true}).progress, (std::vector<double>{1, 2}));
}

TEST_F(RunTest, StaysOnTheCatalogueItBeganWith) {
  const auto started = start({.skill = "stubborn"});
  serve({{.name = "echo", .handler = echo_}});  // The skill is gone for new calls.
  EXPECT_EQ(run({.skill = "stubborn"}).error, "skill_not_found");
  stubborn_->release();
  EXPECT_TRUE(started->wait().ok);
}

TEST_F(RunTest, CountsCallsByHowTheyEnded) {
  run({});
  run({.skill = "nothing"});
  const auto text = rack_.metrics.render();
  EXPECT_NE(text.find("toolrack_calls_total{outcome=\"ok\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("toolrack_calls_total{outcome=\"not_found\"} 1"), std::string::npos) << text;
}

}  // namespace
}  // namespace toolrack::call
