/// A call that an earlier version recorded: the SDK's FakeHost runs the skill against it.
#include "unit/plugins/kraken/skill_host.hpp"

namespace toolrack::kraken::testing {
namespace {

constexpr auto kRecording = TOOLRACK_SOURCE_DIR "/tests/data/recordings/kraken.json";

TEST_F(SkillHost, ReplaysARecordedCall) {
  const auto replayed = host.replay(kRecording, options_of("balance"));
  EXPECT_TRUE(replayed.ok());
  EXPECT_NE(replayed.output.find(R"(171288.6158)"), std::string::npos) << replayed.output;
}

TEST_F(SkillHost, FailsAReplayThatAsksForSomethingElse) {
  try {
    host.replay(kRecording, "open_orders", R"({})", options_of("balance"));
    FAIL() << "it asked for something else";
  } catch (const sdk::Diverged& diverged) {
    EXPECT_NE(
        std::string(diverged.what())
            .find(
                R"(/url: recorded "https://api.kraken.com/0/private/Balance", asked "https://api.kraken.com/0/private/OpenOrders")"),
        std::string::npos)
        << diverged.what();
  }
}

}  // namespace
}  // namespace toolrack::kraken::testing
