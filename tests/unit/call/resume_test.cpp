/// Jobs whose process is killed: which go on, from where, and how the others end.
#include "resume_fixture.hpp"

#include "registry/provider_keys.hpp"

namespace toolrack::call {
namespace {

using ::testing::HasSubstr;
using Checkpoint = registry::Checkpoint;

using ResumeTest = ResumeFixture;

TEST_F(ResumeTest, GoesOnFromItsCheckpointWithoutWhatCameAfterIt) {
  JobAsk ask;
  ask.input = R"({"a":[1,"ä"]})";
  ask.request.transport = "mcp";
  ask.request.client = "tests/1";
  ask.request.meta_json = R"({"m":1})";
  const auto id = begin("steps", ask);
  auto& first = steps_->run(1);
  EXPECT_TRUE(first.is_job);
  EXPECT_EQ(first.run, 0U);
  EXPECT_FALSE(first.checkpoint);
  first.tell("kept", 1);
  EXPECT_EQ(first.keep(Checkpoint{.state = "one", .raw_cost = base::Money::from_micros(7), .meters = {{"page", 3}}}),
            "kept");
  first.tell("dropped", 2);

  restart();
  EXPECT_EQ(left_.waiting, 1U);
  EXPECT_EQ(left_.interrupted, 0U);
  auto& second = steps_->run(2);
  EXPECT_EQ(second.run, 1U);
  ASSERT_TRUE(second.checkpoint);
  EXPECT_EQ(second.checkpoint->state, "one");
  EXPECT_EQ(second.checkpoint->raw_cost, base::Money::from_micros(7));
  ASSERT_EQ(second.checkpoint->meters.size(), 1U);
  EXPECT_EQ(second.checkpoint->meters[0].unit, "page");
  EXPECT_EQ(second.checkpoint->meters[0].millionths, 3);
  EXPECT_TRUE(second.is_job);
  EXPECT_EQ(second.account, first.account);
  EXPECT_EQ(second.call_id, first.call_id);
  EXPECT_EQ(second.input, R"({"a":[1,"ä"]})");
  EXPECT_EQ(second.transport, "mcp");
  EXPECT_EQ(second.client, "tests/1");
  EXPECT_EQ(second.meta, R"({"m":1})");
  EXPECT_EQ(told(id, "/status"), "running");
  EXPECT_EQ(told(id, "/runs"), "2");
  EXPECT_EQ(told(id, "/partials"), R"([{"type":"text","text":"kept"}])");
  EXPECT_EQ(told(id, "/progress_detail/progress"), "1");

  second.tell("afterwards", 3);
  second.end(R"({"whole":true})");
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(told(id, "/partials"), R"([{"type":"text","text":"kept"},{"type":"text","text":"afterwards"}])");
  EXPECT_EQ(told(id, "/result/output/whole"), "true");
  EXPECT_EQ(told(id, "/runs"), "2");
  EXPECT_EQ(steps_->invoked.value(), 2);
  EXPECT_EQ(documents("job_runs") + documents("job_blobs") + documents("jobs_unfinished"), 0U) << "nothing is left";
}

TEST_F(ResumeTest, GoesOnFromTheLastCheckpointOfAnyRun) {
  const auto id = begin("steps");
  EXPECT_EQ(steps_->run(1).keep("one"), "kept");
  EXPECT_EQ(steps_->run(1).keep("two"), "kept");
  restart();
  EXPECT_EQ(steps_->run(2).checkpoint->state, "two");
  restart();
  EXPECT_EQ(steps_->run(3).checkpoint->state, "two") << "the run between has kept none";
  EXPECT_EQ(steps_->run(3).run, 2U);
  EXPECT_EQ(steps_->run(3).keep("three"), "kept");
  restart();
  EXPECT_EQ(steps_->run(4).checkpoint->state, "three");
  steps_->run(4).end();
  EXPECT_EQ(ended(id), "completed");
  restart();
  EXPECT_EQ(left_.waiting + left_.interrupted, 0U) << "and it is over";
  EXPECT_EQ(told(id, "/status"), "completed");
  EXPECT_EQ(steps_->invoked.value(), 4);
}

TEST_F(ResumeTest, BeginsAnewWhenItMayAndHasKeptNothing) {
  const auto id = begin("anew");
  steps_->run(1).tell("of the first run", 1);
  restart();
  auto& second = steps_->run(2);
  EXPECT_EQ(second.run, 1U);
  EXPECT_FALSE(second.checkpoint);
  second.tell("of the second", 1);
  second.end();
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(told(id, "/partials"), R"([{"type":"text","text":"of the second"}])");
}

TEST_F(ResumeTest, IsInterruptedWhenItActsAndHasKeptNothing) {
  const auto id = begin("steps");
  steps_->run(1);
  restart();
  EXPECT_EQ(left_.interrupted, 1U);
  EXPECT_EQ(left_.waiting, 0U);
  EXPECT_EQ(told(id, "/status"), "failed");
  EXPECT_EQ(told(id, "/error_detail/code"), "interrupted");
  EXPECT_THAT(told(id, "/error"), HasSubstr("before the job had a checkpoint"));
  EXPECT_EQ(steps_->invoked.value(), 1);
  EXPECT_EQ(documents("job_runs") + documents("job_blobs"), 0U);
}

TEST_F(ResumeTest, IsInterruptedWhenItsSkillIsNotResumable) {
  const auto id = begin("acts");
  EXPECT_EQ(steps_->run(1).keep("state"), "checkpoint_not_kept");
  restart();
  EXPECT_EQ(left_.interrupted, 1U);
  EXPECT_EQ(told(id, "/error_detail/code"), "interrupted");
  EXPECT_EQ(steps_->invoked.value(), 1);
}

TEST_F(ResumeTest, IsInterruptedWhenItsCallerPaidWithKeysOfTheirOwn) {
  const registry::ProviderKeysRef keys = std::make_shared<const registry::ProviderKeys>(
      registry::ProviderKeys::Values{{"alpha", "a secret of the caller"}});
  JobAsk ask;
  ask.request.provider_keys = &keys;
  const auto id = begin("anew", ask);
  EXPECT_EQ(steps_->run(1).keep("state"), "checkpoint_not_kept");
  EXPECT_EQ(documents("job_blobs"), 0U) << "neither the request nor a state is kept";
  restart();
  EXPECT_EQ(told(id, "/error_detail/code"), "interrupted");
  EXPECT_THAT(told(id, "/error"), HasSubstr("own provider keys"));
  EXPECT_EQ(steps_->invoked.value(), 1);
}

TEST_F(ResumeTest, IsGivenUpWhenTheGatewayDiedTenTimes) {
  const auto id = begin("anew");
  for (int kill = 1; kill < 10; ++kill) {
    steps_->run(kill);
    restart();
    ASSERT_EQ(left_.waiting, 1U) << "kill " << kill;
  }
  steps_->run(10);
  restart();
  EXPECT_EQ(left_.interrupted, 1U);
  EXPECT_EQ(told(id, "/error_detail/code"), "interrupted");
  EXPECT_THAT(told(id, "/error"), HasSubstr("10 times"));
  EXPECT_EQ(told(id, "/runs"), "10");
  EXPECT_EQ(steps_->invoked.value(), 10);
}

TEST_F(ResumeTest, IsSetAsideByAGatewayThatStopsWhichIsNoDeath) {
  const auto id = begin("steps");
  EXPECT_EQ(steps_->run(1).keep("one"), "kept");
  for (int stops = 1; stops <= 12; ++stops) {
    steps_->run(stops);
    const auto stopped = stop();
    EXPECT_EQ(stopped.set_aside, 1U);
    EXPECT_EQ(stopped.interrupted, 0U);
    EXPECT_EQ(steps_->cancelled.value(), stops);
    EXPECT_EQ(told(id, "/ended_at"), "(absent)");
    restart();
    ASSERT_EQ(left_.waiting, 1U);
  }
  EXPECT_EQ(steps_->run(13).checkpoint->state, "one");
  steps_->run(13).end();
  EXPECT_EQ(ended(id), "completed");
}

TEST_F(ResumeTest, IsInterruptedByAGatewayThatStopsWhenItCouldNotGoOn) {
  const auto id = begin("steps");
  steps_->run(1);
  const auto stopped = stop();
  EXPECT_EQ(stopped.interrupted, 1U);
  EXPECT_EQ(stopped.set_aside, 0U);
  EXPECT_EQ(told(id, "/error_detail/code"), "interrupted");
}

TEST_F(ResumeTest, EndsCancelledWhenItsAccountWantsThatWhileTheGatewayStops) {
  const auto id = begin("steps");
  EXPECT_EQ(steps_->run(1).keep("one"), "kept");
  rack_->jobs.cancel("local", id);
  EXPECT_EQ(stop().set_aside, 0U);
  EXPECT_EQ(told(id, "/status"), "cancelled");
  restart();
  EXPECT_EQ(left_.waiting, 0U);
}

TEST_F(ResumeTest, FailsWhenTheKeyOfItsCallerIsGone) {
  const auto key = rack_->keys->create("acc_one", "test", accounts::Scopes::standard());
  ASSERT_TRUE(key);
  std::vector<std::string> ids;
  JobAsk ask;
  ask.principal = *rack_->keys->principal("acc_one", key->info.id);
  ids.push_back(begin("anew", ask));
  steps_->run(1);
  restart();
  EXPECT_EQ(steps_->run(2).account, steps_->run(1).account) << "the control: it goes on while the key is there";
  ASSERT_TRUE(rack_->keys->revoke("acc_one", key->info.id));
  restart();
  EXPECT_TRUE(await_job(*rack_, ids[0], toolrack::test::kPatience, "acc_one"));
  EXPECT_EQ(told(ids[0], "/status", "acc_one"), "failed");
  EXPECT_EQ(told(ids[0], "/error_detail/code", "acc_one"), "invalid_key");
  EXPECT_THAT(told(ids[0], "/error", "acc_one"), HasSubstr("cannot go on after the restart"));
  EXPECT_EQ(steps_->invoked.value(), 2);
  EXPECT_EQ(documents("job_runs") + documents("job_blobs"), 0U);
}

TEST_F(ResumeTest, FailsWhenTheVersionThatItCalledIsGone) {
  const auto id = begin("anew");
  steps_->run(1);
  restart(true, "2.0.0");
  EXPECT_EQ(ended(id), "failed");
  EXPECT_THAT(told(id, "/error"), HasSubstr("cannot go on after the restart"));
  EXPECT_EQ(steps_->invoked.value(), 1) << "another version may understand its input, or its checkpoint, otherwise";
}

TEST_F(ResumeTest, IsNotAskedAgainWhatItWasAskedWhenItBegan) {
  JobAsk ask;
  ask.request.confirmed = true;
  const auto id = begin("asks", ask);
  EXPECT_EQ(steps_->run(1).keep("one"), "kept");
  JobAsk again;
  again.skill = "asks";
  again.request = ask.request;
  again.request.job = JobUse::kAlways;
  EXPECT_EQ(start_as_job(*rack_, again)->error, "rate_limited") << "the control: the day's one call is spent";
  restart();
  steps_->run(2).end();
  EXPECT_EQ(ended(id), "completed");
}

TEST_F(ResumeTest, GoesOnWithTheBackendThatServedItsCheckpoint) {
  JobAsk ask;
  auto wish = std::make_shared<BackendPreference>();
  wish->order = {"alpha"};
  ask.request.backend = wish;
  const auto id = begin("routed", ask);
  EXPECT_EQ(steps_->run(1).backend, "alpha");
  steps_->run(1).end(testing::failure({base::ErrorCode::kProviderUnavailable, "alpha is down"}));
  EXPECT_EQ(steps_->run(2).backend, "beta");
  EXPECT_EQ(steps_->run(2).keep("with beta"), "kept");
  restart();
  EXPECT_EQ(steps_->run(3).backend, "beta");
  steps_->run(3).end(testing::failure({base::ErrorCode::kProviderUnavailable, "beta is down"}));
  EXPECT_EQ(ended(id), "failed") << "alpha knows nothing of what beta has done";
  EXPECT_EQ(steps_->invoked.value(), 3);
}

}  // namespace
}  // namespace toolrack::call
