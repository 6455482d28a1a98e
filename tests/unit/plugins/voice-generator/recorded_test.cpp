/// A call that an earlier version recorded: the SDK's FakeHost runs the skill against it.
#include "unit/plugins/voice-generator/voice_host.hpp"

namespace toolrack::voice::testing {
namespace {

constexpr auto kRecording = TOOLRACK_SOURCE_DIR "/tests/data/recordings/voices.json";

TEST_F(VoiceHost, ReplaysARecordedCall) {
  const auto replayed = host.replay(kRecording, sdk::CallOptions().backend("elevenlabs", "https://api.elevenlabs.io"));
  EXPECT_TRUE(replayed.ok());
  EXPECT_NE(replayed.output.find(R"("id":"v1")"), std::string::npos) << replayed.output;
}

TEST_F(VoiceHost, FailsAReplayThatAsksForSomethingElse) {
  try {
    host.replay(kRecording, "list_voices", R"({"limit":2})",
                sdk::CallOptions().backend("elevenlabs", "https://api.elevenlabs.io"));
    FAIL() << "it asked for something else";
  } catch (const sdk::Diverged& diverged) {
    EXPECT_NE(
        std::string(diverged.what())
            .find(
                R"(/url: recorded "https://api.elevenlabs.io/v2/voices?page_size=1", asked "https://api.elevenlabs.io/v2/voices?page_size=2")"),
        std::string::npos)
        << diverged.what();
  }
}

}  // namespace
}  // namespace toolrack::voice::testing
