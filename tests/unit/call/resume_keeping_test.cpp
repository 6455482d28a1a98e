/// What is kept of jobs that may go on: the money, big states, a store that fails, and jobs that wait for their turn.
#include "resume_fixture.hpp"

namespace toolrack::call {
namespace {

using ::testing::HasSubstr;

class KeptJobsTest : public ResumeFixture {
 protected:
  static base::Money price() { return base::Money::from_micros(10'500); }  // With the markup.
};

TEST_F(KeptJobsTest, AreChargedOnceHoweverOftenTheyAreRun) {
  const auto id = begin("priced");
  for (int run = 1; run < 4; ++run) {
    EXPECT_EQ(steps_->run(run).keep("state"), "kept");
    restart();
    EXPECT_EQ(charged(), base::Money());
  }
  steps_->run(4).end();
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(charged(), price());
  EXPECT_EQ(told(id, "/result/billed"), "true");
  restart();
  EXPECT_EQ(charged(), price());
}

TEST_F(KeptJobsTest, AreNotChargedForAnEndThatIsNotKept) {
  const auto id = begin("priced");
  EXPECT_EQ(steps_->run(1).keep("state"), "kept");
  rack_->store.set_failing_for("job_results");
  steps_->run(1).end(R"({"run":1})");
  EXPECT_FALSE(await_job(*rack_, id, std::chrono::milliseconds(1)));
  restart();
  killed_.back()->store.set_failing_for("");  // So that it comes to an end.
  EXPECT_EQ(charged(), base::Money()) << "the process died before the disk took the end";
  steps_->run(2).end(R"({"run":2})");
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(told(id, "/result/output/run"), "2");
  EXPECT_EQ(charged(), price());
}

TEST_F(KeptJobsTest, AreChargedOnceWhenTheStoreTakesTheirEndLater) {
  const auto id = begin("priced");
  steps_->run(1);
  rack_->store.set_failing(true);
  steps_->run(1).end();
  EXPECT_FALSE(await_job(*rack_, id, std::chrono::milliseconds(1)));
  rack_->store.set_failing(false);
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(charged(), price());
}

TEST_F(KeptJobsTest, CostNothingWhenTheyFail) {
  const auto failed = begin("priced");
  steps_->run(1).end(testing::failure({base::ErrorCode::kToolError, "no luck"}));
  EXPECT_EQ(ended(failed), "failed");
  const auto left = begin("priced");
  steps_->run(2);
  restart();
  EXPECT_EQ(told(left, "/error_detail/code"), "interrupted");
  EXPECT_EQ(charged(), base::Money());
}

TEST_F(KeptJobsTest, KeepStatesOfAnyBytesAndUpToTheLimit) {
  std::string big(registry::kMaxCheckpointBytes, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 + i / 256);
  const auto id = begin("steps");
  EXPECT_EQ(steps_->run(1).keep(big), "kept");
  restart();
  EXPECT_TRUE(steps_->run(2).checkpoint->state == big);
  EXPECT_EQ(steps_->run(2).keep(std::string("\0small", 6)), "kept");
  restart();
  EXPECT_EQ(steps_->run(3).checkpoint->state, std::string("\0small", 6));
  EXPECT_EQ(steps_->run(3).keep(std::string()), "kept");
  restart();
  ASSERT_TRUE(steps_->run(4).checkpoint) << "an empty one is one, too";
  EXPECT_EQ(steps_->run(4).checkpoint->state, "");
  steps_->run(4).end();
  EXPECT_EQ(ended(id), "completed");
  EXPECT_EQ(documents("job_runs") + documents("job_blobs"), 0U);
}

TEST_F(KeptJobsTest, KeepManyPartialsAcrossCheckpoints) {
  const auto id = begin("steps");
  const std::string part(90'000, 'p');
  std::size_t told_parts = 0;
  for (int run = 1; run <= 3; ++run) {
    for (int i = 0; i < 3; ++i, ++told_parts) steps_->run(run).tell(part);
    EXPECT_EQ(steps_->run(run).keep("state"), "kept");
    steps_->run(run).tell("dropped");
    restart();
  }
  steps_->run(4).end();
  EXPECT_EQ(ended(id), "completed");
  const auto shown = describe_job(*rack_, id);
  const auto* partials = base::json::find(shown, "partials");
  ASSERT_TRUE(partials != nullptr && partials->IsArray());
  EXPECT_EQ(partials->Size(), told_parts);
  for (const auto& one : partials->GetArray()) EXPECT_EQ(base::json::find_string(one, "text"), part);
}

TEST_F(KeptJobsTest, KeepTheCheckpointBeforeWhenTheStoreDoesNotTakeTheNext) {
  const auto id = begin("steps");
  EXPECT_EQ(steps_->run(1).keep("one"), "kept");
  rack_->store.set_failing(true);
  EXPECT_EQ(steps_->run(1).keep("two"), "store_failed");
  rack_->store.set_failing(false);
  restart();
  EXPECT_EQ(steps_->run(2).checkpoint->state, "one");
  EXPECT_EQ(steps_->run(2).keep("three"), "kept");
  restart();
  EXPECT_EQ(steps_->run(3).checkpoint->state, "three");
  steps_->run(3).end();
  EXPECT_EQ(ended(id), "completed");
}

TEST_F(KeptJobsTest, KeepCheckpointsInTheOrderOfTheirMaking) {
  const auto id = begin("steps");
  std::vector<std::shared_ptr<testing::SteppingRun::Kept>> all;
  for (int i = 0; i < 20; ++i) all.push_back(steps_->run(1).keep_soon({.state = std::to_string(i)}));
  for (const auto& one : all) {
    EXPECT_TRUE(one->told.wait_for(1));
    EXPECT_EQ(one->word, "kept");
  }
  restart();
  EXPECT_EQ(steps_->run(2).checkpoint->state, "19");
  const auto late = steps_->run(2).keep_soon({.state = "late"});
  steps_->run(2).end();
  EXPECT_EQ(ended(id), "completed");
  EXPECT_TRUE(late->told.wait_for(1)) << "whoever waits for a checkpoint hears of it, whatever came of it";
  EXPECT_EQ(documents("job_runs") + documents("job_blobs"), 0U) << "and nothing comes after the end";
}

TEST_F(KeptJobsTest, AreToldAndCancelledWhileTheyWaitToGoOn) {
  const auto id = begin("steps");
  steps_->run(1).tell("part", 2);
  EXPECT_EQ(steps_->run(1).keep("one"), "kept");
  restart(false);
  EXPECT_EQ(told(id, "/status"), "queued");
  EXPECT_EQ(told(id, "/partials"), R"([{"type":"text","text":"part"}])");
  EXPECT_EQ(told(id, "/progress_detail/progress"), "2");
  testing::Count ready;
  run_on_loop(*rack_, [&] {
    rack_->jobs.await_end("local", id, std::chrono::seconds(30), rack_->loops[0], [&] { ready.add(); });
  });
  EXPECT_EQ(ready.value(), 0);
  rack_->jobs.cancel("somebody_else", id);
  rack_->jobs.cancel("local", id);
  EXPECT_TRUE(ready.wait_for(1));
  EXPECT_EQ(told(id, "/status"), "cancelled");
  EXPECT_EQ(resume(), 0U);
  EXPECT_EQ(steps_->invoked.value(), 1);
  EXPECT_EQ(documents("job_runs") + documents("job_blobs"), 0U);
}

TEST_F(KeptJobsTest, AnswerWhoBeganToWaitBeforeTheyWentOn) {
  const auto id = begin("anew");
  steps_->run(1);
  restart(false);
  testing::Count ready;
  run_on_loop(*rack_, [&] {
    rack_->jobs.await_end("local", id, std::chrono::seconds(30), rack_->loops[0], [&] { ready.add(); });
  });
  EXPECT_EQ(resume(), 1U);
  steps_->run(2).end();
  EXPECT_TRUE(ready.wait_for(1));
  EXPECT_EQ(told(id, "/status"), "completed");
}

TEST_F(KeptJobsTest, WaitForTheNextStartWhenThisOneCannotCountTheirRun) {
  const auto id = begin("anew");
  steps_->run(1);
  restart(false);
  rack_->store.set_failing(true);
  EXPECT_EQ(resume(), 0U) << "no run is begun that is not counted";
  rack_->store.set_failing(false);
  EXPECT_EQ(told(id, "/status"), "queued");
  restart();
  EXPECT_EQ(steps_->run(2).run, 1U);
  steps_->run(2).end();
  EXPECT_EQ(ended(id), "completed");
}

TEST_F(KeptJobsTest, CountAmongThoseThatAnAccountMayHave) {
  const auto id = begin("anew");
  steps_->run(1);
  restart(false);
  rack_->jobs.set_settings({.per_account = 1});
  JobAsk ask{.skill = "anew"};
  ask.request.job = JobUse::kAlways;
  EXPECT_EQ(start_as_job(*rack_, ask)->error, "too_many_jobs");
  EXPECT_EQ(resume(), 1U);
  steps_->run(2).end();
  EXPECT_EQ(ended(id), "completed");
  EXPECT_NE(begin("anew"), "");
  steps_->run(3).end();
}

TEST_F(KeptJobsTest, GoOnFromANoteThatAnOlderProgramWrote) {
  const auto id = begin("steps");
  EXPECT_EQ(steps_->run(1).keep("state"), "kept");
  ASSERT_TRUE(rack_->store.commit(
      {store::Put{"job_runs", id, R"({"runs":1,"request_pieces":1,"has_checkpoint":true,"state_pieces":1})"}}));
  restart();
  auto& second = steps_->run(2);
  ASSERT_TRUE(second.checkpoint);
  EXPECT_EQ(second.checkpoint->state, "state");
  second.end();
  EXPECT_EQ(ended(id), "completed");
}

TEST_F(KeptJobsTest, AreInterruptedWhenTheirNoteDoesNotSayWhetherTheyMayGoOn) {
  const auto id = begin("steps");
  EXPECT_EQ(steps_->run(1).keep("state"), "kept");
  ASSERT_TRUE(rack_->store.commit({store::Put{"job_runs", id, R"({"runs":1,"request_pieces":1})"}}));
  restart();
  EXPECT_EQ(ended(id), "failed");
  EXPECT_EQ(told(id, "/error_detail/code"), "interrupted");
  EXPECT_EQ(steps_->invoked.value(), 1);
}

TEST_F(KeptJobsTest, AreInterruptedWhenWhatIsKeptOfThemIsDamaged) {
  const auto note = begin("steps"), request = begin("steps");
  for (int run : {1, 2}) EXPECT_EQ(steps_->run(run).keep("state"), "kept");
  ASSERT_TRUE(rack_->store.commit(
      {store::Put{"job_runs", note, "{}"}, store::Put{"job_blobs", request + "/request/0000", R"("not base64!")"}}));
  restart();
  EXPECT_EQ(ended(note), "failed");
  EXPECT_EQ(told(note, "/error_detail/code"), "interrupted");
  EXPECT_THAT(told(note, "/error"), HasSubstr("damaged"));
  EXPECT_EQ(ended(request), "failed");
  EXPECT_EQ(told(request, "/error_detail/code"), "store_failed");
  EXPECT_EQ(steps_->invoked.value(), 2);
}

}  // namespace
}  // namespace toolrack::call
