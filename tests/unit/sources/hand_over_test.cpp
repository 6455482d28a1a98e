/// What a plugin that is replaced hands over to the next one, and gets back when that does not start.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "support/fake_skill.hpp"
#include "swap_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What a plugin of version 1.0.0 counted to three is in version 1.1.0.
class HandsOver : public Swap {
 protected:
  std::string count(const std::string& slug, const std::string& version) {
    const auto& tool_now = tool(slug, version);
    TestCall one(tool_now.skills[0], "{}", loops[0]);
    one.start();
    const auto answer = one.wait();
    return answer.error ? answer.error->message() : answer.output;
  }
  void replace(const std::string& state) { replace(state, state + "_1.1.0"); }
  void replace(const std::string& state, const std::string& next) {
    const auto path = install(state + "_1.0.0", "stateful");
    open();
    for (int i = 0; i < 3; ++i) count(state, "1.0.0");
    install(next, "stateful");
    scan();
    EXPECT_THAT(result.faults, IsEmpty());
  }
};

TEST_F(HandsOver, NothingUnlessTheManifestSaysSo) {
  replace("none");
  EXPECT_EQ(count("none", "1.1.0"), R"({"count":1,"phase":0})");
  drain(std::move(result.retired));
}

TEST_F(HandsOver, LiveStateBeforeTheNewOneServes) {
  replace("live");
  EXPECT_EQ(count("live", "1.1.0"), R"({"count":4,"phase":1})") << "while the old one is there";
  drain(std::move(result.retired));
}

TEST_F(HandsOver, FinalStateWhenTheOldOneHasDrained) {
  replace("final");
  EXPECT_EQ(count("final", "1.1.0"), R"({"count":1,"phase":0})");
  drain(std::move(result.retired));
  // It is handed over in the new one's control thread.
  while (count("final", "1.1.0").find("\"phase\":2") == std::string::npos) std::this_thread::yield();
  const auto last = count("final", "1.1.0");
  EXPECT_GE(std::atoi(last.c_str() + 9), 3 + 3) << last;
}

TEST_F(HandsOver, TheOnlyInstanceWhileCallsWait) {
  replace("exclusive");
  TestCall waiting(tool("exclusive", "1.1.0").skills[0], "{}", loops[0]);
  waiting.start();
  waiting.ticket();
  EXPECT_FALSE(waiting.is_answered()) << "the old one is still there";
  source->drain(std::move(result.retired), nullptr);
  EXPECT_EQ(waiting.wait().output, R"({"count":4,"phase":2})");
}

/// The next one has not come up after it had gone.
class TakesBack : public HandsOver {
 protected:
  /// As a gateway does when it hears of it: scan, publish, drain; then whoever has waited may be told.
  void expect_reversal() {
    source->on_reversal([this](std::function<void()> published) {
      reversal_ = std::move(published);
      is_back_.add();
    });
  }
  void publish_reversal() {
    ASSERT_TRUE(is_back_.wait_for(1));
    scan();
    source->drain(std::move(result.retired), nullptr);
    reversal_();
  }
  testing::Count is_back_;
  std::function<void()> reversal_;
};

TEST_F(TakesBack, TheExclusiveOneWithItsStateWhenTheNextOneDoesNotStart) {
  replace("exclusive", "exclusive_refuses");
  expect_reversal();
  TestCall waiting(tool("exclusive", "1.1.0").skills[0], "{}", loops[0]);
  waiting.start();
  waiting.ticket();
  source->drain(std::move(result.retired), nullptr);
  ASSERT_TRUE(is_back_.wait_for(1));
  EXPECT_FALSE(waiting.is_answered()) << "nobody could call again with success yet";
  publish_reversal();
  EXPECT_THAT(result.added, ElementsAre("test/exclusive@1.0.0"));
  EXPECT_THAT(result.removed, ElementsAre("test/exclusive@1.1.0"));
  const auto refused = waiting.wait();
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code(), base::ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error->message(), HasSubstr("the build before it serves again"));
  EXPECT_EQ(count("exclusive", "1.0.0"), R"({"count":4,"phase":2})");
  const auto shown = rows("stateful");
  ASSERT_GE(shown.size(), 2U);
  EXPECT_EQ(shown[0].code, "E_START");
  EXPECT_EQ(shown[0].version, "1.1.0");
  EXPECT_EQ(shown[1].state, PluginState::kServing);
  EXPECT_EQ(shown[1].version, "1.0.0");
}

TEST_F(TakesBack, TheExclusiveOneAndHandsOverToARepairedFile) {
  replace("exclusive", "exclusive_refuses");
  expect_reversal();
  source->drain(std::move(result.retired), nullptr);
  publish_reversal();
  scan();
  EXPECT_FALSE(result.is_changed()) << "the file is not tried again by itself";
  EXPECT_EQ(count("exclusive", "1.0.0"), R"({"count":4,"phase":2})");
  install("exclusive_1.1.0", "stateful");
  scan();
  EXPECT_THAT(result.faults, IsEmpty());
  source->drain(std::move(result.retired), nullptr);
  EXPECT_EQ(count("exclusive", "1.1.0"), R"({"count":5,"phase":2})");
}

TEST_F(TakesBack, OneThatNobodyHasCalledYet) {
  settings.copies_at_once = true;
  install("exclusive_1.0.0", "stateful");
  open();
  install("exclusive_refuses", "stateful");
  scan();
  expect_reversal();
  source->drain(std::move(result.retired), nullptr);
  publish_reversal();
  EXPECT_EQ(count("exclusive", "1.0.0"), R"({"count":1,"phase":0})");
}

TEST_F(TakesBack, NothingWhoseFileIsGoneMeanwhile) {
  replace("exclusive", "exclusive_refuses");
  expect_reversal();
  source->drain(std::move(result.retired), nullptr);
  ASSERT_TRUE(is_back_.wait_for(1));
  std::filesystem::remove(plugins() / "stateful.so");
  publish_reversal();
  EXPECT_THAT(result.tools, IsEmpty());
}

}  // namespace
}  // namespace toolrack::sources::native
