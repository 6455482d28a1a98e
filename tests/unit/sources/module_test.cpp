#include "sources/native/module.hpp"

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using Module = NativeFixture;

TEST_F(Module, LoadsAPluginWithItsFirstCall) {
  install("plain");
  open();
  EXPECT_EQ(row("plain").state, PluginState::kChecked);
  const auto answer = call("plain", "echo", R"({"message":"hi"})");
  EXPECT_EQ(answer.code(), "ok");
  EXPECT_EQ(answer.output, R"({"message":"hi"})");
  const auto after = row("plain");
  EXPECT_EQ(after.state, PluginState::kServing);
  EXPECT_EQ(after.calls, 1U);
  EXPECT_GT(after.loaded_at, 0);
}

TEST_F(Module, LoadsAnEagerPluginWithoutACall) {
  install("eager");
  open();
  while (row("eager").state != PluginState::kServing) std::this_thread::yield();
}

TEST_F(Module, AnswersInlineSkillsBeforeInvokeReturns) {
  install("plain");
  open();
  call("plain", "literal");  // Loads it.
  TestCall one(skill("plain", "literal"), "{}", loops[0]);
  one.start();
  EXPECT_EQ(one.wait().output, R"({"from":"plain"})");
  EXPECT_EQ(one.ticket(), 0U) << "nothing is left to cancel";
}

TEST_F(Module, RunsPooledAndBlockingSkills) {
  install("plain");
  open();
  EXPECT_EQ(call("plain", "echo_pooled", R"({"n":1})").output, R"({"n":1})");
  EXPECT_EQ(call("plain", "echo_blocking", R"({"n":2})").output, R"({"n":2})");
}

TEST_F(Module, TakesLentOutputWithoutCopy) {
  install("plain");
  open();
  EXPECT_EQ(call("plain", "lent", R"({"n":3})").output, R"({"n":3})");
}

TEST_F(Module, LetsManyCallersShareOneLoad) {
  install("plain");
  open();
  std::vector<std::unique_ptr<TestCall>> calls;
  for (std::size_t i = 0; i < 40; ++i) {
    calls.push_back(
        std::make_unique<TestCall>(skill("plain", "echo"), "{\"n\":" + std::to_string(i) + "}", loops[i % 2]));
  }
  for (auto& one : calls) one->start();
  for (std::size_t i = 0; i < calls.size(); ++i)
    EXPECT_EQ(calls[i]->wait().output, "{\"n\":" + std::to_string(i) + "}");
  EXPECT_EQ(row("plain").calls, 40U);
}

TEST_F(Module, AddsUpWhatASkillMeters) {
  install("plain");
  open();
  for (int round = 0; round < 2; ++round) {  // The second shows that nothing is left of the first.
    const auto answer = call("plain", "priced");
    ASSERT_TRUE(answer.rest.raw_cost);
    EXPECT_EQ(answer.rest.raw_cost->micros(), 2000);
    ASSERT_EQ(answer.rest.meters.size(), 1U);
    EXPECT_EQ(answer.rest.meters[0].unit, "character");
    EXPECT_EQ(answer.rest.meters[0].millionths, 7'000'000);
  }
  EXPECT_FALSE(call("plain", "echo").rest.raw_cost);
}

TEST_F(Module, RunsSkillsOfTheSdk) {
  install("sdk_skills");
  open();
  EXPECT_EQ(call("sdk-skills", "sleeps").output, R"({"slept":true})");
  EXPECT_EQ(call("sdk-skills", "works").output, R"({"worked":true})");
  const auto thrown = call("sdk-skills", "throws");
  ASSERT_TRUE(thrown.error);
  EXPECT_EQ(thrown.error->code(), base::ErrorCode::kInternal);
  EXPECT_NE(thrown.error->message().find("a bug in the skill"), std::string::npos) << thrown.error->message();
}

TEST_F(Module, RunsStaticConstructorsOnceInTheirOrder) {
  const auto path = install("constructors");
  open();
  EXPECT_EQ(call("constructors", "order").output, R"({"order":"iabc"})");
  uninstall(path);
  install("constructors");
  scan();
  EXPECT_EQ(call("constructors", "order").output, R"({"order":"iabc"})") << "another generation begins anew";
}

TEST_F(Module, ServesTwoVersionsSideBySide) {
  install("plain");
  install("plain_next");
  open();
  EXPECT_EQ(tool("plain", "1.0.0").skills.size(), 7U);
  EXPECT_EQ(tool("plain", "2.0.0").skills.size(), 1U);
}

TEST_F(Module, RunsAsManyCallsAtOnceAsTheManifestAllows) {
  install("limited");
  install("unlimited");
  open();
  const auto most_of = [&](const std::string& slug) {
    std::vector<std::unique_ptr<TestCall>> calls;
    for (int i = 0; i < 20; ++i) calls.push_back(std::make_unique<TestCall>(skill(slug, "gated"), "{}", loops[i % 2]));
    for (auto& one : calls) one->start();
    std::string last;
    for (auto& one : calls) last = std::max(last, one->wait().output);
    return last;
  };
  EXPECT_EQ(most_of("limited"), R"({"most":1})");
  EXPECT_NE(most_of("unlimited"), R"({"most":1})") << "without a limit they overlap";
}

TEST_F(Module, RefusesCallsBeyondTheQueue) {
  install("limited");
  open();
  call("limited", "gated");
  std::vector<std::unique_ptr<TestCall>> calls;
  for (int i = 0; i < 300; ++i) calls.push_back(std::make_unique<TestCall>(skill("limited", "gated"), "{}", loops[0]));
  boost::asio::post(loops[0].context(), [&] {
    for (auto& one : calls) one->start_here();
  });
  std::size_t refused = 0;
  for (auto& one : calls) {
    const auto answer = one->wait();
    if (answer.error) {
      EXPECT_EQ(answer.error->code(), base::ErrorCode::kTooManyConcurrent);
      ++refused;
    }
  }
  EXPECT_EQ(refused, 300U - 256U - 1U);
}

TEST_F(Module, RefusesACallThatMustNotWaitForAPlace) {
  install("limited");
  open();
  for (const bool is_loaded : {false, true}) {
    TestCall first(skill("limited", "gated"), "{}", loops[0]), second(skill("limited", "gated"), "{}", loops[0]),
        patient(skill("limited", "gated"), "{}", loops[0]);
    second.invocation.may_wait_for_place = false;
    boost::asio::post(loops[0].context(), [&] {
      for (auto* one : {&first, &second, &patient}) one->start_here();
    });
    EXPECT_EQ(first.wait().code(), "ok");
    EXPECT_EQ(second.wait().code(), "too_many_concurrent") << (is_loaded ? "loaded" : "while it was loaded");
    EXPECT_EQ(patient.wait().code(), "ok");
  }
  TestCall alone(skill("limited", "gated"), "{}", loops[0]);
  alone.invocation.may_wait_for_place = false;
  alone.start();
  EXPECT_EQ(alone.wait().code(), "ok") << "a place that is free is taken";
}

TEST_F(Module, DemotesAnInlineSkillThatIsSlowThreeTimes) {
  install("breaks_promises");
  open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(row("breaks_promises").demoted_skills.empty()) << i;
    EXPECT_EQ(call("breaks-promises", "slow").code(), "ok");
  }
  EXPECT_EQ(row("breaks_promises").demoted_skills, std::vector<std::string>{"slow"});
  EXPECT_EQ(call("breaks-promises", "slow").code(), "ok") << "it goes on in the pool";
}

TEST_F(Module, DrainsACallInProgressBeforeItCloses) {
  const auto path = install("services");
  open();
  call("services", "clock");
  TestCall one(skill("services", "after_pooled"), "{}", loops[1]);
  one.start();
  one.ticket();
  uninstall(path);
  EXPECT_EQ(one.wait().code(), "ok");
}

TEST_F(Module, RefusesCallsOnceItDrains) {
  settings.drain_timeout = std::chrono::milliseconds(10);
  const auto path = install("plain");
  open();
  call("plain", "echo");
  const auto kept = result.tools;
  uninstall(path);
  TestCall late(kept[0]->skills[0], "{}", loops[0]);
  late.start();
  EXPECT_EQ(late.wait().code(), "unavailable");
}

TEST_F(Module, CancelsCallsThatOutstayTheDrainTimeout) {
  settings.drain_timeout = std::chrono::milliseconds(10);
  settings.grace = std::chrono::milliseconds(10);
  const auto path = install("breaks_promises");
  open();
  call("breaks-promises", "no_outcome");
  const auto kept = result.tools;
  TestCall forever(skill("breaks-promises", "never"), "{}", loops[1]);
  forever.start();
  forever.ticket();
  uninstall(path);
  EXPECT_EQ(forever.wait().code(), "unavailable");
}

TEST_F(Module, EndsBackgroundWorkBeforeItDestroys) {
  const auto path = install("background");
  open();
  while (call("background", "ticks").output == R"({"ticks":0})") std::this_thread::yield();
  uninstall(path);  // The plugin itself aborts when its timer has not ended by then.
}

TEST_F(Module, LetsAPluginJoinItsThread) {
  const auto path = install("own_thread");
  open();
  std::vector<std::unique_ptr<TestCall>> calls;
  for (int i = 0; i < 20; ++i)
    calls.push_back(std::make_unique<TestCall>(skill("own-thread", "count"), "{}", loops[i % 2]));
  for (auto& one : calls) one->start();
  for (auto& one : calls) EXPECT_EQ(one->wait().code(), "ok");
  uninstall(path);
}

}  // namespace
}  // namespace toolrack::sources::native
