/// What plugins must not do, and what the host makes of it.
#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

class Misbehaviour : public NativeFixture {
 protected:
  static constexpr std::chrono::milliseconds kShort{20};
  /// `grace`: short where the plugin does not complete what is cancelled.
  void serve(std::chrono::milliseconds grace = test::kPatience) {
    settings.grace = grace;
    install("breaks_promises");
    open();
  }
  Answer run(const std::string& name) { return call("breaks-promises", name); }
  std::uint64_t misuses() const { return row("breaks_promises").misuses; }
  /// Starts it, waits until it runs, cancels it.
  Answer cancelled(const std::string& name) {
    TestCall one(skill("breaks-promises", name), "{}", loops[1]);
    one.start();
    EXPECT_NE(one.ticket(), 0U);
    one.cancel();
    return one.wait();
  }
};

TEST_F(Misbehaviour, CountsASecondCompletionAndKeepsTheFirst) {
  serve();
  EXPECT_EQ(run("completes_twice").output, R"({"answer":1})");
  EXPECT_EQ(run("completes_twice_pooled").output, R"({"answer":1})");
  while (misuses() < 2) std::this_thread::yield();  // The pooled one counts after it has answered.
}

TEST_F(Misbehaviour, AnswersItselfWhenACancelledCallIsNeverCompleted) {
  serve(kShort);
  run("released");
  for (const auto* name : {"never", "never_pooled"}) {
    const auto answer = cancelled(name);
    EXPECT_EQ(answer.code(), "cancelled") << name;
    EXPECT_TRUE(answer.rest.is_final) << "nobody knows what it did";
  }
}

TEST_F(Misbehaviour, LetsAPluginCompleteACancelledCall) {
  serve();
  run("released");
  const auto answer = cancelled("until_cancelled");
  ASSERT_EQ(answer.code(), "cancelled");
  EXPECT_EQ(answer.error->message(), "stopped as asked");
}

TEST_F(Misbehaviour, AnswersItselfWhenTheDeadlineHasPassed) {
  serve(kShort);
  run("released");
  TestCall one(skill("breaks-promises", "never"), "{}", loops[0]);
  one.invocation.deadline_ns = base::system_clock().monotonic_ns() + 5'000'000;
  one.start();
  EXPECT_EQ(one.wait().code(), "timeout");
}

TEST_F(Misbehaviour, CallsACancellationByDeadlineATimeout) {
  serve();
  run("released");
  TestCall one(skill("breaks-promises", "until_cancelled"), "{}", loops[0]);
  one.invocation.deadline_ns = base::system_clock().monotonic_ns() + 5'000'000;
  one.start();
  EXPECT_EQ(one.wait().code(), "timeout");
}

TEST_F(Misbehaviour, DropsALateCompletionAndGivesItsBufferBack) {
  serve(kShort);
  run("released");
  EXPECT_EQ(cancelled("late").code(), "cancelled");
  // In a worker it may begin after it has been given up here.
  while (run("release_late").output != R"({"late":true})") std::this_thread::yield();
  while (run("released").output != R"({"released":1})") std::this_thread::yield();
}

TEST_F(Misbehaviour, RefusesOutputThatIsNoJson) {
  serve();
  for (const auto* name : {"bad_json", "bad_utf8", "trailing", "deep", "bad_message", "bad_part"}) {
    const auto answer = run(name);
    EXPECT_EQ(answer.code(), "invalid_output") << name;
    EXPECT_EQ(answer.output, "") << name;
  }
  EXPECT_EQ(misuses(), 6U);
}

TEST_F(Misbehaviour, GivesBuffersOfARefusedResultBack) {
  serve();
  run("bad_part");
  while (run("released").output != R"({"released":1})") std::this_thread::yield();
}

TEST_F(Misbehaviour, RefusesBrokenOutcomes) {
  serve();
  EXPECT_EQ(run("small_outcome").code(), "internal");
  EXPECT_EQ(run("suspended").code(), "internal");
  EXPECT_EQ(run("no_outcome").code(), "internal");
}

TEST_F(Misbehaviour, PassesFiftyMegabytesOn) {
  serve();
  EXPECT_EQ(run("big").output.size(), std::size_t{50} << 20);
}

TEST_F(Misbehaviour, ToleratesStaleTickets) {
  serve(kShort);
  run("released");
  TestCall one(skill("breaks-promises", "never"), "{}", loops[0]);
  one.start();
  const auto ticket = one.ticket();
  one.cancel();
  EXPECT_EQ(one.wait().code(), "cancelled");
  boost::asio::post(loops[0].context(), [&] {
    auto& handler = *skill("breaks-promises", "never").handler;
    for (const auto stale : {ticket, std::uint64_t{0}, std::uint64_t{1} << 40, ~std::uint64_t{0}})
      handler.cancel(stale);
  });
  EXPECT_EQ(run("released").code(), "ok");
}

TEST_F(Misbehaviour, ReportsALibraryThatStaysMapped) {
  serve();
  if (settings.unload == UnloadPolicy::kRetain) GTEST_SKIP() << "sanitizers keep every library";
  const auto path = install("thread_local_kept");
  scan();
  EXPECT_EQ(call("thread-local-kept", "touch").code(), "ok");
  auto& resident = metrics.gauge("toolrack_plugin_resident", "");
  EXPECT_EQ(resident.value(), 0);
  uninstall(path);
  EXPECT_EQ(resident.value(), 1);
}

}  // namespace
}  // namespace toolrack::sources::native
