/// A call that an earlier version recorded: the SDK's FakeHost runs the skill against it.
#include "unit/plugins/github/skill_host.hpp"

namespace toolrack::github::testing {
namespace {

constexpr auto kRecording = TOOLRACK_SOURCE_DIR "/tests/data/recordings/github.json";

TEST_F(SkillHost, ReplaysARecordedCall) {
  const auto replayed = host.replay(kRecording, sdk::CallOptions().backend("github", std::string(kApi)));
  EXPECT_TRUE(replayed.ok());
  EXPECT_NE(replayed.output.find(R"("full_name":"o/r")"), std::string::npos) << replayed.output;
}

TEST_F(SkillHost, FailsAReplayThatAsksForSomethingElse) {
  try {
    host.replay(kRecording, "get_repo", R"({"owner":"o","repo":"x"})",
                sdk::CallOptions().backend("github", std::string(kApi)));
    FAIL() << "it asked for something else";
  } catch (const sdk::Diverged& diverged) {
    EXPECT_NE(
        std::string(diverged.what())
            .find(R"(/url: recorded "https://api.github.com/repos/o/r", asked "https://api.github.com/repos/o/x")"),
        std::string::npos)
        << diverged.what();
  }
}

}  // namespace
}  // namespace toolrack::github::testing
