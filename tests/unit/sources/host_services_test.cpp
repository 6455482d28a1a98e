/// What a plugin gets from the host, called through a real library.
#include <gmock/gmock.h>

#include <cstdio>
#include <future>
#include <thread>

#include "native_fixture.hpp"
#include "registry/announcements.hpp"
#include "support/patience.hpp"

namespace toolrack::sources::native {
namespace {

/// Keeps what plugins say.
class Heard final : public registry::Announcements {
 public:
  void list_changed(registry::DynamicList list, std::string_view tool, std::string_view account) noexcept override {
    add("list " + std::to_string(static_cast<int>(list)) + " of " + std::string(tool), account);
  }
  void resource_updated(std::string_view uri, std::string_view account) noexcept override {
    add(std::string(uri), account);
  }
  void begun_anew(std::string_view tool) noexcept override { add("new " + std::string(tool), ""); }
  std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, test::kPatience, [&] { return heard_.size() >= count; }));
  }

 private:
  void add(std::string what, std::string_view account) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(what + " of " + (account.empty() ? "everybody" : std::string(account)));
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
};

class HostServices : public NativeFixture {
 protected:
  void SetUp() override {
    install("services");
    environment.announcements = &announcements;
    open();
  }
  Answer run(const std::string& name) { return call("services", name); }
  ~HostServices() override { source.reset(); }  // Which may speak to what stands below.

  Heard announcements;
};

TEST_F(HostServices, WaitsForATime) {
  EXPECT_EQ(run("after").output, R"({"status":0,"order":"","overlaps":0})");
  EXPECT_EQ(run("after_pooled").output, R"({"status":0,"order":"","overlaps":0})");
}

TEST_F(HostServices, LetsABlockingSkillWait) {
  EXPECT_EQ(run("after_blocking").output, R"({"status":0,"order":"1","overlaps":0})");
  EXPECT_THAT(run("two_waits").output, ::testing::AnyOf(R"({"status":0,"order":"fs","overlaps":0})",
                                                        R"({"status":0,"order":"sf","overlaps":0})"))
      << "a busy machine may take so long between the two that they end the other way round";
  EXPECT_EQ(row("services").misuses, 0U);
}

TEST_F(HostServices, RefusesToWaitElsewhere) {
  EXPECT_EQ(run("misplaced_wait").code(), "ok");
  EXPECT_EQ(row("services").misuses, 1U);
}

TEST_F(HostServices, EndsACancelledOperation) {
  EXPECT_EQ(run("cancelled_after").output, R"({"status":1,"order":"","overlaps":0})");
}

TEST_F(HostServices, EndsOperationsOfACancelledCall) {
  run("clock");
  TestCall one(skill("services", "after_long"), "{}", loops[0]);
  one.start();
  one.ticket();
  one.cancel();
  EXPECT_EQ(one.wait().output, R"({"status":1,"order":"","overlaps":0})")
      << "the skill answers with what its timer said";
}

TEST_F(HostServices, EndsOperationsAtTheDeadline) {
  run("clock");
  TestCall one(skill("services", "after_long"), "{}", loops[0]);
  one.invocation.deadline_ns = base::system_clock().monotonic_ns() + 5'000'000;
  one.start();
  EXPECT_EQ(one.wait().output, R"({"status":1,"order":"","overlaps":0})");
}

TEST_F(HostServices, DeliversWhatIsPendingAfterCompletion) {
  EXPECT_EQ(run("after_complete").code(), "ok");
  while (run("late_dones").output != R"({"late":2})") std::this_thread::yield();
}

TEST_F(HostServices, RunsPostedTasks) {
  EXPECT_EQ(run("post").code(), "ok");
  EXPECT_EQ(run("post_blocking").code(), "ok");
}

TEST_F(HostServices, RunsTheFramesOfACallOneAfterAnother) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(run("ordered").output, R"({"status":0,"order":"abc","overlaps":0})");
}

TEST_F(HostServices, TellsASkillAboutItsCall) {
  TestCall one(skill("services", "info"), "{}", loops[0]);
  one.backend.provider = "local";
  one.invocation.backend = &one.backend;
  one.start();
  EXPECT_EQ(
      one.wait().output,
      R"({"call_id":"call-1","account":"account-1","transport":"test","client":"tests/1","config":"","backend":"local"})");
}

TEST_F(HostServices, PassesProgressOnInOrder) {
  TestCall one(skill("services", "progress"), "{}", loops[0]);
  one.invocation.wants_progress = true;
  one.start();
  one.wait();
  ASSERT_FALSE(one.progress_seen.empty());
  EXPECT_EQ(one.progress_seen.back(), (std::pair<double, std::string>(2, "two")))
      << "older ones may be skipped, the last not";
}

TEST_F(HostServices, PausesASkillThatSendsFasterThanTheClientReads) {
  TestCall one(skill("services", "partials"), "{}", loops[0]);
  one.invocation.wants_partials = true;
  // The loop is busy until the skill has been told to pause, so that nothing leaves the queue before.
  std::promise<void> go;
  call("services", "clock");
  boost::asio::post(loops[0].context(), [&, ready = go.get_future().share()] {
    one.start_here();
    ready.wait();
  });
  const auto pauses = [&] {
    TestCall other(skill("services", "pauses"), "{}", loops[1]);
    other.start();
    return other.wait().output;
  };
  while (pauses() == R"({"pauses":0})") std::this_thread::yield();
  go.set_value();
  const auto answer = one.wait();
  EXPECT_EQ(answer.output, R"({"sent":20,"paused":true})");
  EXPECT_EQ(one.partials_seen, 20U);
  EXPECT_EQ(one.partial_bytes, 2'000'000U);
}

TEST_F(HostServices, StopsASkillWhenNobodyListens) {
  EXPECT_EQ(run("partials").output, R"({"sent":1,"paused":false})");
}

TEST_F(HostServices, GivesTimeAndChance) {
  const auto before = base::system_clock().unix_ns();
  const auto answer = run("clock").output;
  long long unix_ns = 0, monotonic_ns = 0;
  ASSERT_EQ(std::sscanf(answer.c_str(), R"({"unix":%lld,"monotonic":%lld})", &unix_ns, &monotonic_ns), 2) << answer;
  EXPECT_GE(unix_ns, before);
  EXPECT_LE(monotonic_ns, base::system_clock().monotonic_ns());
  EXPECT_EQ(run("random").code(), "ok");
}

TEST_F(HostServices, OffersNoMoreThanItHas) {
  EXPECT_EQ(run("unknown_service").output, R"({"status":0,"order":"","overlaps":0})");
  EXPECT_EQ(run("checkpoint").output, R"({"status":9,"order":"","overlaps":0})");
  EXPECT_EQ(run("log").output, R"({"status":0,"order":"","overlaps":0})");
}

TEST_F(HostServices, SendsLinesToACallerWhoWantsThem) {
  TestCall one(skill("services", "log"), "{}", loops[0]);
  one.invocation.caller_log_level = TR_LOG_DEBUG;
  one.start();
  one.wait();
  EXPECT_EQ(one.lines_seen, std::vector<std::string>{R"(0 a line of the tests {"n":1})"});

  TestCall severe(skill("services", "log"), "{}", loops[0]);
  severe.invocation.caller_log_level = TR_LOG_INFO;
  severe.start();
  severe.wait();
  EXPECT_TRUE(severe.lines_seen.empty()) << "the line is less severe than that";
}

TEST_F(HostServices, PassesOnWhatAPluginSaysOfItsLists) {
  EXPECT_EQ(run("news").code(), "ok");
  // From a worker process they come on a way of their own.
  announcements.wait_for(3);
  EXPECT_THAT(announcements.heard(),
              ::testing::UnorderedElementsAre("list 0 of test/services@1.0.0 of account-1",
                                              "list 3 of test/services@1.0.0 of everybody", "test://one of account-1"));
}

TEST_F(HostServices, CountsNewsOfWhatIsNoList) {
  EXPECT_EQ(run("wrong_news").code(), "ok");
  while (row("services").misuses < 2) std::this_thread::yield();
  EXPECT_TRUE(announcements.heard().empty());
}

TEST_F(HostServices, CountsOperationsThatAreNotThere) {
  EXPECT_EQ(run("foreign_op").code(), "ok");
  EXPECT_EQ(row("services").misuses, 2U);
}

}  // namespace
}  // namespace toolrack::sources::native
