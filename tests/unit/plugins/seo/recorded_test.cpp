/// A call that an earlier version recorded: the SDK's FakeHost runs the skill against it.
#include <gtest/gtest.h>

#include "unit/plugins/seo/skill_host.hpp"

namespace toolrack::seo::testing {
namespace {

constexpr auto kRecording = TOOLRACK_SOURCE_DIR "/tests/data/recordings/seo.json";

TEST(SeoRecording, ReplaysARecordedCall) {
  const auto replayed = SkillHost().host().replay(kRecording);
  EXPECT_TRUE(replayed.ok());
  EXPECT_NE(replayed.output.find(R"(A page about racks)"), std::string::npos) << replayed.output;
}

TEST(SeoRecording, FailsAReplayThatAsksForSomethingElse) {
  try {
    SkillHost().host().replay(kRecording, "analyze_page", R"({"url":"http://racks.example/other"})");
    FAIL() << "it asked for something else";
  } catch (const sdk::Diverged& diverged) {
    EXPECT_NE(std::string(diverged.what())
                  .find(R"(/url: recorded "http://racks.example/page", asked "http://racks.example/other")"),
              std::string::npos)
        << diverged.what();
  }
}

}  // namespace
}  // namespace toolrack::seo::testing
