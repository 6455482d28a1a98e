/// call->checkpoint(): what a plugin keeps reaches the call path in its place among the partials, and comes back in the
/// next run.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <vector>

#include "native_fixture.hpp"
#include "registry/checkpoints.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::HasSubstr;

/// Stands for the call path. Answers from a later turn of the loop, or when the test says so.
class FakeCheckpoints final : public registry::Checkpoints {
 public:
  FakeCheckpoints(base::Loop& loop, const TestCall& call) : loop_(loop), call_(call) {}

  void keep(registry::Checkpoint checkpoint, Kept kept) override {
    EXPECT_TRUE(loop_.is_current());
    partials_before.push_back(call_.partials_seen);
    all.push_back(std::move(checkpoint));
    if (waits) {
      waiting = std::move(kept);
      has_asked.set_value();
      return;
    }
    boost::asio::post(loop_.context(), [this, kept = std::move(kept)] { kept(answer); });
  }

  base::Result<void> answer;
  bool waits = false;
  std::promise<void> has_asked;
  Kept waiting;
  // Read by the test when the call has ended.
  std::vector<registry::Checkpoint> all;
  std::vector<std::size_t> partials_before;

 private:
  base::Loop& loop_;
  const TestCall& call_;
};

class HostCheckpoint : public NativeFixture {
 protected:
  void SetUp() override {
    install("resumes");
    open();
  }
  /// A call that is a job.
  struct Job {
    Job(const registry::Skill& skill, std::string input, base::Loop& loop)
        : call(skill, std::move(input), loop), checkpoints(loop, call) {
      call.invocation.is_job = true;
      call.invocation.checkpoints = &checkpoints;
      call.invocation.wants_partials = true;
    }
    Answer run() {
      call.start();
      return call.wait();
    }
    TestCall call;
    FakeCheckpoints checkpoints;
  };
  std::unique_ptr<Job> job(const std::string& name, std::string input = "{}") {
    return std::make_unique<Job>(skill("resumes", name), std::move(input), loops[0]);
  }
};

TEST_F(HostCheckpoint, IsKeptWithWhatWasEmittedAndMeteredBeforeIt) {
  const auto one = job("keeps");
  EXPECT_EQ(one->run().output, R"({"status":0,"code":"","job":1,"run":0,"was":""})");
  ASSERT_EQ(one->checkpoints.all.size(), 1U);
  const auto& kept = one->checkpoints.all[0];
  EXPECT_EQ(kept.state, "halfway");
  EXPECT_EQ(one->checkpoints.partials_before[0], 1U) << "the part before it and not the one behind it";
  EXPECT_EQ(one->call.partials_seen, 2U);
  EXPECT_EQ(kept.raw_cost, base::Money::from_micros(5));
  ASSERT_EQ(kept.meters.size(), 1U);
  EXPECT_EQ(kept.meters[0].unit, "page");
  EXPECT_EQ(kept.meters[0].millionths, 2'000'000) << "not what it metered afterwards";
}

TEST_F(HostCheckpoint, ComesBackInTheNextRunWithWhatWasMeteredUntilIt) {
  const auto one = job("keeps");
  const registry::Checkpoint before{
      .state = std::string("a\\b"), .raw_cost = base::Money::from_micros(40), .meters = {{"page", 1'000'000}}};
  one->call.invocation.run = 3;
  one->call.invocation.checkpoint = &before;
  const auto answer = one->run();
  EXPECT_EQ(answer.output, R"({"status":0,"code":"","job":1,"run":3,"was":"a\b"})");
  EXPECT_EQ(one->checkpoints.all[0].raw_cost, base::Money::from_micros(45));
  EXPECT_EQ(answer.rest.raw_cost, base::Money::from_micros(45)) << "the job costs what all its runs took";
  ASSERT_EQ(answer.rest.meters.size(), 1U);
  EXPECT_EQ(answer.rest.meters[0].millionths, 4'000'000);
}

TEST_F(HostCheckpoint, IsRefusedToACallThatIsNoJob) {
  const auto answer = call("resumes", "keeps");
  EXPECT_THAT(answer.output, HasSubstr(R"("code":"not_a_job","job":0)"));
}

TEST_F(HostCheckpoint, HasALimit) {
  const auto most = std::to_string(registry::kMaxCheckpointBytes);
  const auto more = std::to_string(registry::kMaxCheckpointBytes + 1);
  const auto fits = job("keeps_much", R"({"steps":)" + most + "}");
  EXPECT_THAT(fits->run().output, HasSubstr(R"("status":0,"code":"")"));
  EXPECT_EQ(fits->checkpoints.all[0].state.size(), registry::kMaxCheckpointBytes);
  const auto too_large = job("keeps_much", R"({"steps":)" + more + "}");
  EXPECT_THAT(too_large->run().output, HasSubstr(R"("code":"checkpoint_too_large")"));
  EXPECT_TRUE(too_large->checkpoints.all.empty());
}

TEST_F(HostCheckpoint, FailsWithWhatTheStoreSaid) {
  const auto one = job("keeps");
  one->checkpoints.answer = base::fail(base::ErrorCode::kStoreFailed, "the disk is full");
  EXPECT_THAT(one->run().output, HasSubstr(R"("code":"store_failed")"));
}

TEST_F(HostCheckpoint, MayBeLeftOnItsWay) {
  const auto one = job("leaves");
  one->checkpoints.waits = true;
  EXPECT_EQ(one->run().output, R"({"left":true})");
}

TEST_F(HostCheckpoint, IsLetGoWhenItsCallIsCancelled) {
  const auto one = job("keeps");
  one->checkpoints.waits = true;
  one->call.start();
  one->checkpoints.has_asked.get_future().wait();
  one->call.cancel();
  EXPECT_THAT(one->call.wait().output, HasSubstr(R"("code":"cancelled")"));
  // The store answers late; nobody is there any more.
  std::promise<void> told;
  boost::asio::post(loops[0].context(), [&] {
    one->checkpoints.waiting({});
    told.set_value();
  });
  told.get_future().wait();
}

}  // namespace
}  // namespace toolrack::sources::native
