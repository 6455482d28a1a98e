/// Jobs whose skills ask: whoever looks after the job answers, whenever that is.
#include <gmock/gmock.h>
#include <boost/asio/steady_timer.hpp>

#include "call_fixture.hpp"
#include "job_calls.hpp"
#include "resume_fixture.hpp"
#include "support/asking_skill.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;
using testing::at;
using ::testing::HasSubstr;
using testing::parsed;

constexpr auto kEverything =
    registry::kCanAskForm | registry::kCanAskUrl | registry::kCanSample | registry::kCanListRoots;
constexpr auto kAda = R"({"who":{"action":"accept","content":{"name":"Ada"}}})";
constexpr auto kBlue = R"({"colour":{"action":"accept","content":{"name":"blue"}}})";

std::string asks(std::string_view what) { return R"({"ask":[)" + std::string(what) + "]}"; }

/// True once the job waits for answers.
bool until_it_asks(testing::Rack& rack, const std::string& id) {
  const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
  while (at(describe_job(rack, id), "/status") != "input_required") {
    if (std::chrono::steady_clock::now() > end) return false;
    await_job(rack, id, 10ms);
  }
  return true;
}

base::Result<void> answer_job(testing::Rack& rack, const std::string& id, std::string_view answers,
                              std::string_view account = "local") {
  return rack.jobs.answer(account, id, parsed(answers));
}

class JobQuestionsTest : public CallTest {
 protected:
  JobQuestionsTest() {
    const auto skill = [this](std::string name) {
      return testing::FakeSkill{.name = std::move(name), .handler = asking_};
    };
    auto hasty = skill("hasty"), first = skill("first");
    hasty.timeout = 2s;  // Until it asks, and after the answer.
    first.async = first.asks_first = true;
    serve({skill("asks"), hasty, first});
  }
  ~JobQuestionsTest() override { rack_.end_jobs(); }

  std::shared_ptr<JobSink> begin(std::string input, std::string skill = "asks", std::uint32_t kinds = kEverything) {
    asking_now_ = {.kinds = kinds, .method = "tools/call", .state = {}};
    return start(std::move(input), std::move(skill));
  }
  /// Comes again with what the call was suspended with.
  std::shared_ptr<JobSink> again(const JobSink& suspended, std::string input, std::string_view answers,
                                 std::string skill = "first", std::uint32_t kinds = kEverything) {
    answers_ = parsed(answers);
    asking_now_ = {.kinds = kinds, .method = "tools/call", .state = suspended.state, .answers = &answers_};
    return start(std::move(input), std::move(skill));
  }
  std::string job(std::string input, std::string skill = "asks") {
    const auto sink = begin(std::move(input), std::move(skill));
    EXPECT_TRUE(until_it_asks(rack_, sink->id));
    return sink->id;
  }
  std::string told(const std::string& id, std::string_view pointer) {
    return std::string(at(describe_job(rack_, id), pointer));
  }

  std::shared_ptr<testing::AskingSkill> asking_ = std::make_shared<testing::AskingSkill>();

 private:
  std::shared_ptr<JobSink> start(std::string input, std::string skill) {
    JobAsk ask{.skill = std::move(skill), .input = std::move(input)};
    ask.request.job = JobUse::kAlways;
    ask.request.asking = &asking_now_;
    return start_as_job(rack_, ask);
  }
  Asking asking_now_;
  base::json::Document answers_;
};

TEST_F(JobQuestionsTest, AreShownWithTheJobAndItGoesOnWithTheAnswer) {
  const auto id = job(asks(R"("form:who")"));
  EXPECT_EQ(told(id, "/questions/who/method"), "elicitation/create");
  EXPECT_EQ(told(id, "/questions/who/params/message"), "Please.");
  EXPECT_EQ(told(id, "/questions/who/params/requestedSchema/required/0"), "name");
  EXPECT_EQ(told(id, "/result"), "(absent)");
  const auto listed = rack_.jobs.list("local", "", 10);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->at(0).status, jobs::Status::kInputRequired);

  ASSERT_TRUE(answer_job(rack_, id, kAda));
  EXPECT_NE(told(id, "/status"), "input_required");
  ASSERT_TRUE(await_job(rack_, id));
  EXPECT_EQ(told(id, "/status"), "completed");
  EXPECT_EQ(told(id, "/result/output/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(told(id, "/questions"), "(absent)");
  EXPECT_EQ(asking_->invoked.value(), 1) << "its frame has waited";
}

TEST_F(JobQuestionsTest, AreAnsweredOneByOne) {
  const auto id = job(R"({"ask":["form:who","sample:model","form:colour"],"together":true})");
  EXPECT_EQ(told(id, "/questions/model/method"), "sampling/createMessage");
  ASSERT_TRUE(answer_job(rack_, id, kBlue));
  EXPECT_EQ(told(id, "/status"), "input_required") << "the others are open";
  EXPECT_EQ(told(id, "/questions/colour"), "(absent)");
  EXPECT_EQ(told(id, "/questions/who/method"), "elicitation/create");
  ASSERT_TRUE(answer_job(rack_, id, R"({"who":{"action":"decline"},"colour":{"action":"cancel"}})"));
  ASSERT_TRUE(
      answer_job(rack_, id, R"({"model":{"role":"assistant","content":{"type":"text","text":"Paris"},"model":"m"}})"));
  ASSERT_TRUE(await_job(rack_, id));
  EXPECT_EQ(told(id, "/result/output/said/0"), "declined");
  EXPECT_THAT(told(id, "/result/output/said/1"), HasSubstr("Paris"));
  EXPECT_EQ(told(id, "/result/output/said/2"), R"({"name":"blue"})") << "the first answer counts";
}

TEST_F(JobQuestionsTest, RefuseAnswersThatCannotBeUsedAndTakeNoneOfThem) {
  const auto id = job(R"({"ask":["form:who","form:colour"],"together":true})");
  const auto refused = answer_job(
      rack_, id,
      R"({"who":{"action":"accept","content":{"name":"Ada"}},"colour":{"action":"accept","content":{"name":7}}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "invalid_answer");
  EXPECT_THAT(refused.error().message(), HasSubstr("colour"));
  EXPECT_EQ(told(id, "/questions/who/method"), "elicitation/create") << "still open";
  for (const auto* answers : {"{}", R"({"stranger":7})", "[]"}) EXPECT_TRUE(answer_job(rack_, id, answers)) << answers;
  EXPECT_EQ(told(id, "/status"), "input_required");
}

TEST_F(JobQuestionsTest, AreTheAccountsAlone) {
  const auto id = job(asks(R"("form:who")"));
  for (const auto& refused : {answer_job(rack_, id, kAda, "somebody"), answer_job(rack_, "job_never", kAda)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().name(), "job_not_found");
  }
  ASSERT_TRUE(answer_job(rack_, id, kAda));
  ASSERT_TRUE(await_job(rack_, id));
  EXPECT_TRUE(answer_job(rack_, id, kAda)) << "nothing is open any more, which is no fault";
}

TEST_F(JobQuestionsTest, AreOnlyThoseThatTheCallerSaidCanBeAnswered) {
  const auto sink = begin(asks(R"("form:who")"), "asks", registry::kCanSample);
  ASSERT_TRUE(await_job(rack_, sink->id));
  EXPECT_EQ(told(sink->id, "/error_detail/code"), "cannot_ask");
  EXPECT_EQ(rack_.jobs.find("local", sink->id)->cannot_ask, std::uint32_t{registry::kCanAskForm});
  const auto silent = begin(asks(R"("form:who")"), "asks", 0);
  ASSERT_TRUE(await_job(rack_, silent->id));
  EXPECT_EQ(told(silent->id, "/error_detail/code"), "cannot_ask");
}

TEST_F(JobQuestionsTest, EndWithTheJobThatIsCancelled) {
  const auto id = job(asks(R"("form:who")"));
  rack_.jobs.cancel("local", id);
  ASSERT_TRUE(await_job(rack_, id));
  EXPECT_EQ(told(id, "/status"), "cancelled");
  EXPECT_EQ(told(id, "/questions"), "(absent)");
  EXPECT_TRUE(answer_job(rack_, id, kAda));
  EXPECT_EQ(told(id, "/status"), "cancelled");
}

TEST_F(JobQuestionsTest, LeaveAPersonMoreTimeThanTheSkillHas) {
  const auto id = job(asks(R"("form:who")"), "hasty");
  boost::asio::steady_timer timer(rack_.loops[0].context());
  std::promise<void> thought;
  on_loop([&] {
    timer.expires_after(2'200ms);
    timer.async_wait([&](boost::system::error_code) { thought.set_value(); });
  });
  thought.get_future().wait();
  ASSERT_TRUE(answer_job(rack_, id, kAda));
  ASSERT_TRUE(await_job(rack_, id));
  EXPECT_EQ(told(id, "/status"), "completed");
}

TEST_F(JobQuestionsTest, WakeWhoWaitsForTheEndOfTheJob) {
  const auto id = job(asks(R"("form:who","form:colour")"));
  testing::Count woken;
  run_on_loop(rack_, [&] { rack_.jobs.await_end("local", id, 1h, rack_.loops[0], [&] { woken.add(); }); });
  EXPECT_EQ(woken.value(), 0) << "what it had asked already is no news";
  ASSERT_TRUE(answer_job(rack_, id, kAda));
  ASSERT_TRUE(woken.wait_for(1));
  EXPECT_EQ(told(id, "/questions/colour/method"), "elicitation/create");
  ASSERT_TRUE(answer_job(rack_, id, kBlue));
  EXPECT_TRUE(await_job(rack_, id));
}

TEST_F(JobQuestionsTest, AreToldToTheListenerAsTheEndIs) {
  testing::Count news;
  rack_.jobs.set_listener([&](std::string_view account, std::string_view) {
    EXPECT_EQ(account, "local");
    news.add();
  });
  const auto id = job(asks(R"("form:who")"));
  EXPECT_TRUE(news.wait_for(1));
  ASSERT_TRUE(answer_job(rack_, id, kAda));
  EXPECT_TRUE(news.wait_for(3)) << "asked, answered, ended";
  rack_.jobs.set_listener(nullptr);
}

TEST_F(JobQuestionsTest, HoldNoGatewayUpThatStops) {
  const auto id = job(asks(R"("form:who")"));
  const auto began = std::chrono::steady_clock::now();
  rack_.jobs.stop_taking();
  const auto stopped = rack_.jobs.end_running(toolrack::test::kPatience, toolrack::test::kPatience);
  EXPECT_LT(std::chrono::steady_clock::now() - began, toolrack::test::kPatience / 2);
  EXPECT_EQ(stopped.interrupted, 1u);
  EXPECT_EQ(told(id, "/error_detail/code"), "interrupted");
}

TEST_F(JobQuestionsTest, ComeBeforeTheJobWhereTheSkillAsksFirst) {
  const auto input = asks(R"("form:who","form:colour")");
  const auto asked = begin(input, "first");
  EXPECT_EQ(asked->id, "");
  ASSERT_NE(asked->state, "");
  const auto accepted = again(*asked, input, kAda);
  ASSERT_NE(accepted->id, "") << accepted->error;
  ASSERT_TRUE(until_it_asks(rack_, accepted->id)) << "what it asks later the job asks";
  EXPECT_EQ(told(accepted->id, "/questions/who"), "(absent)");
  ASSERT_TRUE(answer_job(rack_, accepted->id, kBlue));
  ASSERT_TRUE(await_job(rack_, accepted->id));
  EXPECT_EQ(told(accepted->id, "/result/output/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(told(accepted->id, "/result/output/said/1"), R"({"name":"blue"})");
  EXPECT_EQ(told(accepted->id, "/result/output/run"), "1");
  EXPECT_EQ(told(accepted->id, "/result/output/step"), "found of run 0") << "done once over all runs";
  EXPECT_EQ(asking_->invoked.value(), 2);
  EXPECT_EQ(again(*asked, input, kAda)->error, "invalid_request_state") << "a state is good once";
}

TEST_F(JobQuestionsTest, KeepAStateGoodThatBroughtNoJobAbout) {
  const auto input = asks(R"("form:who")");
  const auto asked = begin(input, "first");
  rack_.jobs.set_settings({.per_account = 0});
  EXPECT_EQ(again(*asked, input, kAda)->error, "too_many_jobs");
  rack_.jobs.set_settings({});
  const auto accepted = again(*asked, input, kAda);
  ASSERT_NE(accepted->id, "") << accepted->error;
  ASSERT_TRUE(await_job(rack_, accepted->id));
  EXPECT_EQ(told(accepted->id, "/result/output/said/0"), R"({"name":"Ada"})");
}

TEST_F(JobQuestionsTest, AreTheSameToASkillThoughTheLastRequestCanAnswerLess) {
  const auto input = asks(R"("form:who","form:colour")");
  const auto asked = begin(input, "first");
  const auto accepted = again(*asked, input, kAda, "first", 0);
  ASSERT_NE(accepted->id, "") << accepted->error;
  ASSERT_TRUE(await_job(rack_, accepted->id));
  EXPECT_EQ(told(accepted->id, "/result/output/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(told(accepted->id, "/result/output/said/1"), "cannot_ask");
}

TEST_F(JobQuestionsTest, ComeFromTheJobWhereNobodyCanBeAskedFirst) {
  const auto sink = begin(asks(R"("form:who")"), "first", 0);
  ASSERT_NE(sink->id, "");
  ASSERT_TRUE(await_job(rack_, sink->id));
  EXPECT_EQ(told(sink->id, "/error_detail/code"), "cannot_ask");
}

class ResumedQuestionsTest : public ResumeFixture {
 protected:
  std::string job(std::string input) {
    const Asking asking{.kinds = kEverything, .method = {}, .state = {}};
    JobAsk ask{.skill = {}, .input = std::move(input)};
    ask.request.asking = &asking;
    const auto id = begin("inquires", ask);
    EXPECT_TRUE(until_it_asks(*rack_, id));
    return id;
  }
};

TEST_F(ResumedQuestionsTest, AreAskedAgainUnderAnotherKeyWhileNobodyHasAnswered) {
  const auto id = job(asks(R"("form:who")"));
  EXPECT_NE(told(id, "/questions/who"), "(absent)");
  restart();
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/who"), "(absent)") << "an answer to the run that is gone finds nothing";
  EXPECT_EQ(told(id, "/questions/who@2/method"), "elicitation/create");
  ASSERT_TRUE(answer_job(*rack_, id, kAda));
  EXPECT_EQ(told(id, "/status"), "input_required");
  ASSERT_TRUE(answer_job(*rack_, id, R"({"who@2":{"action":"accept","content":{"name":"Grace"}}})"));
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(told(id, "/result/output/said/0"), R"({"name":"Grace"})");
  EXPECT_EQ(told(id, "/runs"), "2");
}

TEST_F(ResumedQuestionsTest, AreNotAskedAgainOnceTheyWereAnswered) {
  const auto id = job(asks(R"("form:who","form:colour","form:place")"));
  ASSERT_TRUE(answer_job(*rack_, id, kAda));
  ASSERT_TRUE(until_it_asks(*rack_, id));
  restart();
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/who@2"), "(absent)");
  EXPECT_EQ(told(id, "/questions/colour@2/method"), "elicitation/create");
  ASSERT_TRUE(answer_job(*rack_, id, R"({"colour@2":{"action":"decline"}})"));
  ASSERT_TRUE(until_it_asks(*rack_, id));
  restart();
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/place@3/method"), "elicitation/create");
  ASSERT_TRUE(answer_job(*rack_, id, R"({"place@3":{"action":"accept","content":{"name":"Paris"}}})"));
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(told(id, "/result/output/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(told(id, "/result/output/said/1"), "declined");
  EXPECT_EQ(told(id, "/result/output/said/2"), R"({"name":"Paris"})");
  EXPECT_EQ(documents("job_blobs"), 0u) << "forgotten with the job's end";
}

TEST_F(ResumedQuestionsTest, ThatWereAskedTogetherAreToldOneByOne) {
  const auto id = job(R"({"ask":["form:who","form:colour"],"together":true})");
  ASSERT_TRUE(answer_job(*rack_, id, kBlue));
  restart();
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/colour@2"), "(absent)");
  ASSERT_TRUE(answer_job(*rack_, id, R"({"who@2":{"action":"accept","content":{"name":"Ada"}}})"));
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(told(id, "/result/output/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(told(id, "/result/output/said/1"), R"({"name":"blue"})");
}

TEST_F(ResumedQuestionsTest, GoOnWithAnswersThatTheDiskDoesNotTakeAndAreAskedAgainThen) {
  const auto id = job(asks(R"("form:who","form:colour")"));
  rack_->store.set_failing_for("job_blobs");
  ASSERT_TRUE(answer_job(*rack_, id, kAda));
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/colour/method"), "elicitation/create");
  rack_->store.set_failing_for("");
  restart();
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/who@2/method"), "elicitation/create");
}

TEST_F(ResumedQuestionsTest, WhoseCallerAnsweredBeforeThereWasAJobAreNotAskedByIt) {
  const auto input = asks(R"("form:who","form:colour")");
  Asking asking{.kinds = kEverything, .method = "tools/call", .state = {}};
  JobAsk ask{.skill = "first", .input = input};
  ask.request.job = JobUse::kAlways;
  ask.request.asking = &asking;
  const auto asked = start_as_job(*rack_, ask);
  ASSERT_NE(asked->state, "");
  const auto answers = parsed(kAda);
  asking.state = asked->state;
  asking.answers = &answers;
  const auto id = start_as_job(*rack_, ask)->id;
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/colour/method"), "elicitation/create");
  EXPECT_TRUE(rack_->store.commit({store::Put{.collection = "test", .key = "through", .json = "1"}}));
  EXPECT_EQ(documents("suspended_calls"), 0u) << "the state has become the job";
  restart();
  ASSERT_TRUE(until_it_asks(*rack_, id));
  EXPECT_EQ(told(id, "/questions/who@2"), "(absent)");
  ASSERT_TRUE(answer_job(*rack_, id, R"({"colour@2":{"action":"accept","content":{"name":"blue"}}})"));
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(told(id, "/result/output/said/0"), R"({"name":"Ada"})");
}

}  // namespace
}  // namespace toolrack::call
