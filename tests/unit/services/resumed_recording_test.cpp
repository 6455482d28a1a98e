/// A recording that goes on with a call which was suspended.
#include <gmock/gmock.h>

#include "services/recorder/recording.hpp"

namespace toolrack::services::recorder {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr Recording::Bounds kBounds{.operations = 10, .bytes = 1'000};

/// Twice the same, one that has no end.
std::vector<Operation> earlier() {
  return {
      {"kv.get", R"({"key":"a"})", "1", 1}, {"kv.get", R"({"key":"a"})", "2", 3}, {"ask", R"({"key":"who"})", "", 0}};
}

TEST(ResumedRecording, AnswersInOrderAndThenTakesDown) {
  Recording recording(earlier(), kBounds);
  EXPECT_TRUE(recording.is_resumable());
  EXPECT_TRUE(recording.has_answer("kv.get", R"({"key":"a"})"));
  for (const auto* reply : {"1", "2"}) {
    const auto number = recording.begin("kv.get", R"({"key":"a"})");
    ASSERT_TRUE(number);
    EXPECT_TRUE(recording.is_answered(*number));
    EXPECT_EQ(recording.find(*number).reply, reply);
  }
  const auto open = recording.begin("ask", R"({"key":"who"})");
  ASSERT_TRUE(open);
  EXPECT_FALSE(recording.is_answered(*open)) << "it happens";
  EXPECT_FALSE(recording.has_answer("kv.get", R"({"key":"a"})"));
  const auto fresh = recording.begin("kv.get", R"({"key":"a"})");
  ASSERT_TRUE(fresh);
  EXPECT_FALSE(recording.is_answered(*fresh));
  recording.end(*fresh, "3");
  const auto all = recording.operations();
  ASSERT_THAT(all, SizeIs(4));
  EXPECT_EQ(all[3].reply, "3");
  EXPECT_EQ(all[3].ended, 4u) << "after all that ended before";
  EXPECT_THAT(recording.divergences(), SizeIs(0));
}

TEST(ResumedRecording, DivergesOnlyWhileSomethingIsLeftThatHasAnEnd) {
  Recording recording(earlier(), kBounds);
  EXPECT_TRUE(recording.has_answer("kv.get", R"({"key":"b"})")) << "the answer is no";
  const auto other = recording.begin("kv.get", R"({"key":"b"})");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().name(), "replay_diverged");
  EXPECT_THAT(other.error().message(), HasSubstr(R"(/key: recorded "a", asked "b")"));
  EXPECT_THAT(recording.divergences(), SizeIs(1));
}

TEST(ResumedRecording, IsOverfullBeyondItsBounds) {
  Recording recording({}, kBounds);
  const auto number = recording.begin("http.send", "{}");
  ASSERT_TRUE(number);
  EXPECT_FALSE(recording.is_overfull());
  recording.end(*number, std::string(2'000, 'x'));
  EXPECT_TRUE(recording.is_overfull());
  const auto next = recording.begin("http.send", "{}");
  ASSERT_TRUE(next) << "the call goes on";
  recording.end(*next, "{}");
}

TEST(ResumedRecording, StaysWhileSomebodyMayEndAnOperation) {
  auto recording = std::make_shared<Recording>(std::vector<Operation>(), kBounds);
  const std::weak_ptr<Recording> weak = recording;
  auto shared = recording->share();
  recording.reset();
  EXPECT_FALSE(weak.expired());
  shared.reset();
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace toolrack::services::recorder
