/// Calls that outlive their requests, from admission to what is kept of them.
#include "call/jobs/jobs.hpp"

#include <gmock/gmock.h>

#include "call/jobs/job_store.hpp"
#include "call/jobs/webhooks.hpp"
#include "call_fixture.hpp"
#include "job_calls.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::call {
namespace {

using testing::at;
using ::testing::HasSubstr;
using testing::parsed;

/// Says how far it is and gives a part, then waits until the test lets it end.
class TalkingSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    EXPECT_TRUE(invocation.wants_progress && invocation.wants_partials);
    boost::asio::post(invocation.loop->context(), [this, &loop = *invocation.loop, &completion] {
      completion.progress(2, 3, "two");
      completion.progress(1.0 / 0.0, 3, "never told");
      is_heard = completion.partial({.text = "part"});
      is_too_much_heard = completion.partial({.text = std::string(2 << 20, 'x')});
      loop_ = &loop;
      completion_ = &completion;
      talked.add();
    });
    return 1;
  }
  void cancel(std::uint64_t) override {}
  void end() {
    boost::asio::post(loop_->context(), [this] { completion_->complete(testing::success(R"({"a":1})")); });
  }
  testing::Count talked;
  std::atomic<bool> is_heard{false}, is_too_much_heard{true};

 private:
  base::Loop* loop_ = nullptr;
  registry::Completion* completion_ = nullptr;
};

class JobsTest : public CallTest {
 protected:
  JobsTest() {
    serve({{.name = "echo", .handler = echo_},
           {.name = "wait", .handler = waiting_},
           {.name = "talk", .handler = talking_},
           {.name = "fail",
            .handler = std::make_shared<testing::InstantSkill>(base::Error(base::ErrorCode::kToolError, "no luck"))},
           {.name = "long", .handler = echo_, .estimated_seconds = 30},
           {.name = "short", .handler = echo_, .estimated_seconds = 29.9},
           {.name = "strict", .handler = echo_, .input = R"({"type":"object","required":["a"]})"},
           {.name = "large",
            .handler = std::make_shared<testing::InstantSkill>("\"" + std::string(9 << 20, 'x') + "\"")}});
  }
  ~JobsTest() override { rack_.end_jobs(); }

  std::shared_ptr<JobSink> start_job(std::string skill, accounts::PrincipalRef principal = nullptr,
                                     JobUse use = JobUse::kAlways, std::string input = "{}",
                                     std::function<void(std::string_view)> on_accepted = nullptr,
                                     std::string webhook = "") {
    JobAsk ask;
    ask.skill = std::move(skill);
    ask.input = std::move(input);
    ask.principal = std::move(principal);
    ask.request.job = use;
    ask.request.webhook = webhook;
    return start_as_job(rack_, ask, std::move(on_accepted));
  }
  bool await(const std::string& id, std::chrono::milliseconds patience = toolrack::test::kPatience,
             std::string_view account = "local") {
    return await_job(rack_, id, patience, account);
  }
  base::json::Document describe(const std::string& id, std::string_view account = "local") {
    return describe_job(rack_, id, account);
  }
  static accounts::PrincipalRef of_account(std::string account) {
    return std::make_shared<accounts::Principal>(
        accounts::Principal{.account = std::move(account), .key_id = "k", .scopes = accounts::Scopes::standard()});
  }

  std::shared_ptr<testing::WaitingSkill> waiting_ = std::make_shared<testing::WaitingSkill>();
  std::shared_ptr<TalkingSkill> talking_ = std::make_shared<TalkingSkill>();
};

TEST_F(JobsTest, IsKeptBeforeItsCallerHearsOfItAndRunsAfterwards) {
  std::string kept = "nothing";
  int invoked = -1;
  const auto job = start_job("wait", nullptr, JobUse::kAlways, "{}", [&](std::string_view id) {
    const auto document = rack_.store.get("jobs", id);
    kept = document && *document ? (*document)->json : "nothing";
    invoked = waiting_->invoked.value();
  });
  EXPECT_THAT(kept, HasSubstr(R"("status":"queued")"));
  EXPECT_EQ(invoked, 0);
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  EXPECT_EQ(at(describe(job->id), "/status"), "running");
  waiting_->release();
  EXPECT_TRUE(await(job->id));
}

TEST_F(JobsTest, EndsWithTheReplyThatTheCallWouldHaveHad) {
  const auto job = start_job("echo", nullptr, JobUse::kAlways, R"({"a":[1,"ä"]})");
  ASSERT_TRUE(await(job->id));
  const auto told = describe(job->id);
  EXPECT_EQ(at(told, "/job_id"), job->id);
  EXPECT_EQ(at(told, "/status"), "completed");
  EXPECT_EQ(at(told, "/result/status"), "success");
  EXPECT_EQ(at(told, "/result/output"), R"({"a":[1,"ä"]})");
  EXPECT_EQ(at(told, "/result/request_id"), at(told, "/request_id"));
  EXPECT_THAT(at(told, "/request_id"), HasSubstr("the id of the request"));
  EXPECT_EQ(at(told, "/skill"), "echo");
  EXPECT_EQ(at(told, "/error"), "(absent)");
  EXPECT_NE(at(told, "/created_at"), "(absent)");
  EXPECT_NE(at(told, "/expires_at"), "(absent)");
  EXPECT_EQ(echo_->invoked.value(), 1);
  EXPECT_EQ(recorded_calls(), 1U) << "and is recorded as any call";
}

TEST_F(JobsTest, TellsAnErrorInWordsAndInParticular) {
  const auto job = start_job("fail");
  ASSERT_TRUE(await(job->id));
  const auto told = describe(job->id);
  EXPECT_EQ(at(told, "/status"), "failed");
  EXPECT_EQ(at(told, "/error"), "no luck");
  EXPECT_TRUE(base::json::at(told, "/error")->IsString()) << "old clients read a string";
  EXPECT_EQ(at(told, "/error_detail/code"), "tool_error");
  EXPECT_EQ(at(told, "/result"), "(absent)");
}

TEST_F(JobsTest, DoesNotEndWithItsCaller) {
  const auto job = start_job("wait");
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  ASSERT_NE(job->ticket, 0U);
  on_loop([&] { rack_.calls.cancel(rack_.loops[0], job->ticket); });
  waiting_->release(R"({"whole":true})");
  ASSERT_TRUE(await(job->id));
  EXPECT_EQ(at(describe(job->id), "/result/output/whole"), "true");
  EXPECT_EQ(waiting_->cancelled.value(), 0);
}

TEST_F(JobsTest, EndsWhenItsAccountWantsItNoMore) {
  const auto job = start_job("wait");
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  rack_.jobs.cancel("somebody_else", job->id);
  rack_.jobs.cancel("local", job->id);
  ASSERT_TRUE(await(job->id));
  EXPECT_EQ(at(describe(job->id), "/status"), "cancelled");
  EXPECT_EQ(at(describe(job->id), "/error_detail/code"), "cancelled");
  EXPECT_EQ(waiting_->cancelled.value(), 1);
  rack_.jobs.cancel("local", job->id);
  EXPECT_EQ(at(describe(job->id), "/status"), "cancelled");
}

TEST_F(JobsTest, IsNobodyElsesBusiness) {
  const auto job = start_job("wait");
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  rack_.jobs.cancel("acc_two", job->id);
  const auto told = rack_.jobs.describe("acc_two", job->id);
  ASSERT_FALSE(told);
  const auto absent = rack_.jobs.describe("acc_two", jobs::make_job_id());
  EXPECT_EQ(told.error().name(), "job_not_found");
  EXPECT_EQ(told.error().hint(), absent.error().hint());
  EXPECT_TRUE(rack_.jobs.list("acc_two", "", 10)->empty());
  ASSERT_EQ(rack_.jobs.list("local", "", 10)->size(), 1U);
  EXPECT_EQ(rack_.jobs.list("local", "", 10)->front().status, jobs::Status::kRunning);
  testing::Count ready;
  on_loop([&] {
    rack_.jobs.await_end("acc_two", job->id, std::chrono::seconds(30), rack_.loops[0], [&] { ready.add(); });
    EXPECT_EQ(ready.value(), 1) << "at once: nobody learns that it runs";
  });
  waiting_->release();
  EXPECT_TRUE(await(job->id));
  EXPECT_EQ(waiting_->cancelled.value(), 0);
}

TEST_F(JobsTest, IsNotListedAsOneThatHasNotBegunWhenItEndsMeanwhile) {
  const auto job = start_job("wait");
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  std::atomic<bool> is_first = true;
  rack_.store.set_before_scan([&](std::string_view) {
    if (!is_first.exchange(false)) return;
    waiting_->release();
    EXPECT_TRUE(await(job->id));
  });
  const auto listed = rack_.jobs.list("local", "", 10);
  rack_.store.set_before_scan({});
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_FALSE(is_first);
  EXPECT_EQ(listed->front().status, jobs::Status::kRunning);
  EXPECT_EQ(rack_.jobs.list("local", "", 10)->front().status, jobs::Status::kCompleted);
}

TEST_F(JobsTest, IsNoneWhenTheCallIsRefused) {
  const auto refused = start_job("strict");
  EXPECT_EQ(refused->error, "invalid_input");
  EXPECT_EQ(refused->id, "");
  EXPECT_TRUE(rack_.jobs.list("local", "", 10)->empty());
}

TEST_F(JobsTest, AreCallsOfSkillsThatTakeLongUnlessTold) {
  EXPECT_NE(start_job("long", nullptr, JobUse::kIfLong)->id, "");
  EXPECT_EQ(start_job("short", nullptr, JobUse::kIfLong)->id, "");
  EXPECT_EQ(start_job("long", nullptr, JobUse::kNever)->id, "");
  EXPECT_NE(start_job("short", nullptr, JobUse::kAlways)->id, "");
}

TEST_F(JobsTest, AreRefusedWhenAnAccountHasTooManyOfThem) {
  rack_.jobs.set_settings({.per_account = 2});
  const auto first = start_job("wait"), second = start_job("wait");
  EXPECT_EQ(start_job("wait")->error, "too_many_jobs");
  EXPECT_NE(start_job("wait", of_account("acc_two"))->id, "") << "another account has its own";
  EXPECT_TRUE(waiting_->invoked.wait_for(3));
  waiting_->release();
  EXPECT_TRUE(await(first->id) && await(second->id));
  EXPECT_NE(start_job("echo")->id, "");
}

TEST_F(JobsTest, KeepNobodyOfTheirKeyFromCalling) {
  const auto one_at_a_time = limited({.per_minute = 100, .per_hour = 100, .concurrent = 1});
  const auto job = start_job("wait", one_at_a_time);
  ASSERT_NE(job->id, "");
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  EXPECT_TRUE(run({.skill = "echo", .principal = one_at_a_time}).ok);
  const auto waits = start({.skill = "wait", .principal = one_at_a_time});
  EXPECT_EQ(run({.skill = "echo", .principal = one_at_a_time}).error, "too_many_concurrent") << "the control";
  EXPECT_TRUE(waiting_->invoked.wait_for(2));
  waiting_->release();
  EXPECT_TRUE(waits->wait().ok);
  EXPECT_TRUE(await(job->id, toolrack::test::kPatience, "acc_one"));
  EXPECT_TRUE(run({.skill = "echo", .principal = one_at_a_time}).ok) << "and give back no place that they do not hold";
}

TEST_F(JobsTest, DoNotRunWhenTheyCannotBeKept) {
  rack_.store.set_failing(true);
  EXPECT_EQ(start_job("echo")->error, "store_failed");
  rack_.store.set_failing(false);
  EXPECT_EQ(echo_->invoked.value(), 0);
  rack_.jobs.set_settings({.per_account = 1});
  EXPECT_NE(start_job("echo")->id, "") << "and do not count";
}

TEST_F(JobsTest, AreToldToRunUntilTheirEndIsKept) {
  const auto job = start_job("wait");
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  rack_.store.set_failing(true);
  waiting_->release();
  EXPECT_TRUE(waiting_->completed.wait_for(1));
  EXPECT_FALSE(await(job->id, std::chrono::milliseconds(1)));
  EXPECT_EQ(at(describe(job->id), "/status"), "running");
  rack_.store.set_failing(false);
  EXPECT_TRUE(await(job->id));
  EXPECT_EQ(at(describe(job->id), "/status"), "completed");
}

TEST_F(JobsTest, TellProgressAndPartsWhileTheyRunAndAfterwards) {
  const auto job = start_job("talk");
  ASSERT_TRUE(talking_->talked.wait_for(1));
  for (const auto* status : {"running", "completed"}) {
    const auto told = describe(job->id);
    EXPECT_EQ(at(told, "/status"), status);
    EXPECT_EQ(at(told, "/progress"), "two (2 of 3)");
    EXPECT_EQ(at(told, "/progress_detail"), R"({"progress":2,"total":3,"message":"two"})");
    EXPECT_EQ(at(told, "/partials"), R"([{"type":"text","text":"part"}])");
    if (std::string_view(status) == "completed") break;
    talking_->end();
    ASSERT_TRUE(await(job->id));
  }
  EXPECT_TRUE(talking_->is_heard);
  EXPECT_FALSE(talking_->is_too_much_heard) << "more than is kept is refused, and the skill told";
}

TEST_F(JobsTest, FailWhenTheyMakeMoreThanIsKept) {
  const auto job = start_job("large");
  ASSERT_TRUE(await(job->id));
  EXPECT_EQ(at(describe(job->id), "/error_detail/code"), "result_too_large");
  EXPECT_EQ(at(describe(job->id), "/result"), "(absent)");
}

TEST_F(JobsTest, ThatAProcessLeftBehindHaveFailedAndDoNotRunAgain) {
  jobs::Job left;
  left.id = jobs::make_job_id();
  left.account = "local";
  left.tool = "fake";
  left.skill = "echo";
  testing::Count kept;
  jobs::JobStore(rack_.store).create(left, {}, [&](auto) { kept.add(); });
  ASSERT_TRUE(kept.wait_for(1));
  EXPECT_EQ(rack_.jobs.recover()->interrupted, 1U);
  const auto told = describe(left.id);
  EXPECT_EQ(at(told, "/status"), "failed");
  EXPECT_EQ(at(told, "/error_detail/code"), "interrupted");
  EXPECT_NE(at(told, "/expires_at"), "(absent)");
  EXPECT_EQ(rack_.jobs.recover()->interrupted, 0U);
  EXPECT_EQ(echo_->invoked.value(), 0);
}

TEST_F(JobsTest, AreWaitedForNoLongerThanIsWanted) {
  const auto job = start_job("wait");
  EXPECT_FALSE(await(job->id, std::chrono::milliseconds(5)));
  EXPECT_FALSE(await(job->id, std::chrono::milliseconds(0)));
  waiting_->release();
}

TEST_F(JobsTest, AreInterruptedWhenTheGatewayStops) {
  const auto job = start_job("wait");
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  testing::Count ready;
  on_loop(
      [&] { rack_.jobs.await_end("local", job->id, std::chrono::seconds(30), rack_.loops[0], [&] { ready.add(); }); });
  EXPECT_EQ(ready.value(), 0);
  rack_.jobs.stop_taking();
  EXPECT_TRUE(ready.wait_for(1)) << "who waits is answered";
  EXPECT_EQ(start_job("echo")->error, "unavailable");
  EXPECT_EQ(rack_.jobs.end_running(std::chrono::milliseconds(0), toolrack::test::kPatience).interrupted, 1U);
  EXPECT_EQ(at(describe(job->id), "/status"), "failed");
  EXPECT_EQ(at(describe(job->id), "/error_detail/code"), "interrupted");
}

/// Jobs with somebody who tells their webhooks.
class TellingJobsTest : public JobsTest {
 protected:
  TellingJobsTest() {
    on_loop([&] {
      client_ = std::make_unique<services::http::Client>(rack_.loops[0], egress_, rack_.metrics,
                                                         services::http::Client::Settings{});
    });
    webhooks_.emplace(jobs::Webhooks::Dependencies{.store = rack_.store,
                                                   .clock = rack_.clock,
                                                   .metrics = rack_.metrics,
                                                   .loops = rack_.loops,
                                                   .clients = {client_.get()},
                                                   .pool = rack_.pool,
                                                   .egress = egress_,
                                                   .secrets = secrets_,
                                                   .allows_plain_loopback = true});
    rack_.jobs.set_webhooks(*webhooks_);
    webhooks_->start();
    server_.on("/hook", test::Reply::text("thanks"));
  }
  ~TellingJobsTest() override {
    rack_.end_jobs();
    webhooks_->stop();
    on_loop([&] { client_.reset(); });
    // What it still does in the pool reads the policy.
    EXPECT_TRUE(webhooks_->wait_until_idle(toolrack::test::kPatience));
  }
  std::string hook() const { return server_.url("/hook"); }

  test::ScriptedHttpServer server_;
  services::http::PublishedEgress egress_{std::make_shared<const services::http::EgressPolicy>(
      *services::http::EgressPolicy::create({.allow_loopback = true}))};
  std::unique_ptr<services::http::Client> client_;
  jobs::WebhookSecrets secrets_{rack_.store, rack_.clock};
  std::optional<jobs::Webhooks> webhooks_;
};

TEST_F(TellingJobsTest, TellTheirWebhookThatTheyHaveEndedAndTheirAccountWhatCameOfThat) {
  const auto job = start_job("wait", nullptr, JobUse::kAlways, "{}", nullptr, hook());
  ASSERT_NE(job->id, "") << job->error;
  EXPECT_EQ(at(describe(job->id), "/webhook/status"), "waiting");
  EXPECT_EQ(at(describe(job->id), "/webhook/url"), hook());
  EXPECT_EQ(server_.requests().size(), 0U);
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  waiting_->release(R"({"whole":true})");
  ASSERT_TRUE(server_.wait_for_requests(1));
  EXPECT_TRUE(webhooks_->wait_until_idle(toolrack::test::kPatience));
  EXPECT_EQ(at(parsed(server_.requests().front().body), "/result/output/whole"), "true");
  const auto told = describe(job->id);
  EXPECT_EQ(at(told, "/webhook/status"), "delivered");
  EXPECT_EQ(at(told, "/webhook/attempts"), "1");
  EXPECT_NE(at(told, "/webhook/delivered_at"), "(absent)");
  EXPECT_EQ(at(told, "/result/output/whole"), "true");
  EXPECT_EQ(at(describe(start_job("echo")->id), "/webhook"), "(absent)");
}

TEST_F(TellingJobsTest, ThatAProcessLeftBehindAreToldToHaveFailed) {
  jobs::Job left;
  left.id = jobs::make_job_id();
  left.account = "local";
  left.webhook = hook();
  testing::Count kept;
  jobs::JobStore(rack_.store).create(left, {}, [&](auto) { kept.add(); });
  ASSERT_TRUE(kept.wait_for(1));
  EXPECT_EQ(rack_.jobs.recover()->interrupted, 1U);
  webhooks_->look();
  ASSERT_TRUE(server_.wait_for_requests(1));
  EXPECT_EQ(at(parsed(server_.requests().front().body), "/error_detail/code"), "interrupted");
}

TEST_F(TellingJobsTest, AreRefusedWithAWebhookThatCannotBeTold) {
  EXPECT_EQ(start_job("echo", nullptr, JobUse::kAlways, "{}", nullptr, "http://example.com/")->error,
            "invalid_request");
  EXPECT_EQ(start_job("echo", nullptr, JobUse::kAlways, "{}", nullptr, "https://10.0.0.1/")->error, "egress_refused");
  EXPECT_EQ(start_job("echo", nullptr, JobUse::kNever, "{}", nullptr, hook())->error, "invalid_request")
      << "which is for jobs only";
  EXPECT_EQ(start_job("short", nullptr, JobUse::kIfLong, "{}", nullptr, hook())->error, "invalid_request");
  EXPECT_EQ(echo_->invoked.value(), 0);
  EXPECT_NE(start_job("long", nullptr, JobUse::kIfLong, "{}", nullptr, hook())->id, "");
}

TEST_F(JobsTest, HaveNoWebhookWhereNobodyTellsOne) {
  EXPECT_EQ(start_job("echo", nullptr, JobUse::kAlways, "{}", nullptr, "https://example.com/")->error, "unavailable");
}

TEST_F(JobsTest, AreCountedByState) {
  const auto job = start_job("wait");
  EXPECT_THAT(rack_.metrics.render(), HasSubstr("toolrack_jobs{state=\"running\"} 1\n"));
  EXPECT_TRUE(waiting_->invoked.wait_for(1));
  waiting_->release();
  ASSERT_TRUE(await(job->id));
  ASSERT_TRUE(await(start_job("fail")->id));
  const auto text = rack_.metrics.render();
  EXPECT_THAT(text, HasSubstr("toolrack_jobs{state=\"running\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_jobs_ended_total{state=\"completed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("toolrack_jobs_ended_total{state=\"failed\"} 1\n"));
}

}  // namespace
}  // namespace toolrack::call
