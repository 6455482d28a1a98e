/// What a recording keeps, how it answers, and the file that it becomes.
#include "services/recorder/recording.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "services/recorder/recorded_call.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::test {
namespace {

namespace recorder = services::recorder;
using recorder::Recording;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Two of the same with different replies, and another.
std::vector<recorder::Operation> three_operations() {
  Recording recording;
  const auto first = recording.begin("http.send", R"({"url":"/a"})").value();
  const auto second = recording.begin("http.send", R"({"url":"/a"})").value();
  const auto third = recording.begin("http.send", R"({"body":"{\"n\":1}","url":"/b"})").value();
  recording.end(second, R"({"status":2})");
  recording.end(first, R"({"status":1})");
  recording.end(third, R"({"status":3})");
  return recording.operations();
}

TEST(Recorder, AnswersTheSameRequestInTheOrderInWhichItWasAsked) {
  Recording replay(three_operations());
  EXPECT_EQ(replay.find(replay.begin("http.send", R"({"url":"/a"})").value()).reply, R"({"status":1})");
  EXPECT_EQ(replay.find(replay.begin("http.send", R"({"url":"/a"})").value()).reply, R"({"status":2})");
  const auto third = replay.begin("http.send", R"({"url":"/a"})");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().name(), "replay_diverged");
  EXPECT_THAT(replay.divergences(), SizeIs(1));
}

TEST(Recorder, ShowsWhatDiffersFromTheNearestRequestMemberByMember) {
  Recording replay(three_operations());
  const auto asked = replay.begin("http.send", R"({"body":"{\"n\":2}","url":"/b"})");
  ASSERT_FALSE(asked);
  EXPECT_THAT(asked.error().message(), HasSubstr("operation 3:\n  /body/n: recorded 1, asked 2"));
}

TEST(Recorder, SaysWhatNobodyAskedFor) {
  Recording replay(three_operations());
  replay.begin("http.send", R"({"url":"/a"})").value();
  replay.begin("http.send", R"({"url":"/a"})").value();
  EXPECT_THAT(replay.left_over(), ElementsAre(HasSubstr("operation 3: http.send")));
}

TEST(Recorder, DeliversFirstWhatEndedFirst) {
  Recording replay(three_operations());
  base::Loop loop(0);
  std::vector<int> order;
  const auto first = replay.begin("http.send", R"({"url":"/a"})").value();
  const auto second = replay.begin("http.send", R"({"url":"/a"})").value();
  replay.deliver_in_turn(loop, first, [&] { order.push_back(1); });
  replay.deliver_in_turn(loop, second, [&] { order.push_back(2); });
  EXPECT_THAT(order, IsEmpty()) << "not from the function that asked";
  loop.context().run();
  EXPECT_THAT(order, ElementsAre(2, 1));
}

TEST(Recorder, DeliversLastWhatWasTakenBack) {
  Recording recording;
  const auto timer = recording.begin("clock.after", R"({"delay_ns":1})").value();
  const auto request = recording.begin("http.send", "{}").value();
  recording.end(timer, "{}", false);
  recording.end(request, R"({"status":1})");
  EXPECT_EQ(recording.operations().at(timer).ended, 0U);
  EXPECT_EQ(recording.operations().at(request).ended, 1U) << "what was taken back has no place among the ends";
  Recording replay(recording.operations());
  base::Loop loop(0);
  std::vector<int> order;
  replay.deliver_in_turn(loop, timer, [&] { order.push_back(1); });
  replay.deliver_in_turn(loop, request, [&] { order.push_back(2); });
  loop.context().run();
  EXPECT_THAT(order, ElementsAre(2, 1));
}

TEST(Recorder, TellsTimesAndBytesInTheOrderInWhichTheyWereAsked) {
  Recording recording;
  const auto tell = [](std::string text) { return [text = std::move(text)] { return text; }; };
  recording.exchange("clock.unix_ns", "{}", tell(R"({"ns":1})"));
  recording.exchange("clock.monotonic_ns", "{}", tell(R"({"ns":-5})"));
  recording.exchange("clock.unix_ns", "{}", tell(R"({"ns":2})"));
  recording.exchange("clock.random", R"({"bytes":2})", tell(R"({"base64":"AAE="})"));
  Recording replay(recording.operations());
  const auto made_up = tell("made up");
  EXPECT_EQ(replay.exchange("clock.random", R"({"bytes":2})", made_up), R"({"base64":"AAE="})");
  EXPECT_EQ(replay.exchange("clock.unix_ns", "{}", made_up), R"({"ns":1})");
  EXPECT_EQ(replay.exchange("clock.unix_ns", "{}", made_up), R"({"ns":2})");
  EXPECT_EQ(replay.exchange("clock.monotonic_ns", "{}", made_up), R"({"ns":-5})") << "services are told apart";
  EXPECT_EQ(replay.exchange("clock.random", R"({"bytes":3})", made_up), "made up") << "another number of bytes";
  EXPECT_THAT(replay.divergences(), ElementsAre(HasSubstr("the record has no further clock.random")));
  EXPECT_THAT(replay.left_over(), IsEmpty());
}

TEST(Recorder, TellsInAReplayWhatItWasTold) {
  Recording recording;
  EXPECT_EQ(recording.exchange("clock.unix_ns", "{}", [] { return std::string(R"({"ns":7})"); }), R"({"ns":7})");
  Recording replay(recording.operations());
  EXPECT_EQ(replay.exchange("clock.unix_ns", "{}", [] { return std::string(R"({"ns":8})"); }), R"({"ns":7})");
  EXPECT_EQ(replay.exchange("clock.unix_ns", "{}", [] { return std::string(R"({"ns":8})"); }), R"({"ns":8})");
  EXPECT_THAT(replay.divergences(), SizeIs(1)) << "the second was made up";
}

TEST(Recorder, IsOverfullInsteadOfEndless) {
  Recording recording;
  for (int i = 0; i < 100'000; ++i) recording.begin("clock.unix_ns", "{}").value();
  EXPECT_FALSE(recording.is_overfull());
  recording.end(recording.begin("clock.unix_ns", "{}").value(), "{}");
  EXPECT_TRUE(recording.is_overfull());
}

TEST(Recorder, ListsDifferencesByPointer) {
  EXPECT_THAT(
      recorder::list_differences(R"({"a/b":[1,2],"same":null})", R"({"a/b":[1,3,4],"new":true,"same":null})"),
      ElementsAre("/a~1b/1: recorded 2, asked 3", "/a~1b/2: not recorded, asked 4", "/new: not recorded, asked true"));
  EXPECT_THAT(recorder::list_differences(R"({"a":1,"b":2})", R"({"b":2,"a":1})"), IsEmpty());
}

recorder::RecordedCall sample_call() {
  return {.toolrack = "1.2.3",
          .tool = "seo",
          .version = "1.0.0",
          .skill = "analyze_page",
          .call = R"({"input":{},"tool":"seo"})",
          .outcome = R"({"status":"success"})",
          .operations = three_operations()};
}

TEST(Recorder, FileReadsBackAsItWasWrittenAndIsTheOwnersAlone) {
  const testing::TempDirectory directory;
  const auto file = directory.path() / "call.json";
  std::ofstream(file) << "what was there before";
  std::filesystem::permissions(file, std::filesystem::perms::all);
  ASSERT_TRUE(recorder::write_recorded_call(file, sample_call()));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1) << "nothing is left beside it";

  const auto read = recorder::read_recorded_call(file);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(recorder::to_json(*read), recorder::to_json(sample_call()));
  EXPECT_EQ(read->skill, "analyze_page");
  EXPECT_EQ(read->operations.at(1).ended, 1U);
  EXPECT_EQ(read->operations.at(1).reply, R"({"status":2})");
}

TEST(Recorder, RefusesWhatIsNoRecordingAndFormatsOfTomorrow) {
  EXPECT_THAT(recorder::parse_recorded_call("{}").error().message(), HasSubstr("no recording"));
  EXPECT_THAT(recorder::parse_recorded_call(R"({"toolrack_recording":2})").error().message(), HasSubstr("format 2"));
  EXPECT_THAT(recorder::parse_recorded_call(R"({"toolrack_recording":1})").error().message(), HasSubstr("no call"));
  EXPECT_THAT(
      recorder::parse_recorded_call(R"({"toolrack_recording":1,"call":{},"operations":[{}]})").error().message(),
      HasSubstr("operation 1"));
  EXPECT_THAT(recorder::read_recorded_call("/nowhere/at/all.json").error().message(),
              HasSubstr("/nowhere/at/all.json"));
}

TEST(Recorder, OutcomeIsWithoutWhatDiffersFromCallToCall) {
  EXPECT_EQ(recorder::outcome_of(R"({"status":"success","output":{"b":1,"a":2},"request_id":"r","price":{}})"),
            R"({"output":{"a":2,"b":1},"status":"success"})");
}

TEST(Recorder, OutcomeTellsAssetsByTheirBytes) {
  const auto outcome = [](std::string_view id, std::string_view sha256) {
    return recorder::outcome_of(fmt::format(
        R"({{"output":{{"a_url":"http://127.0.0.1:1/v1/assets/as_{0}?sig=x","a_asset":{{"id":"as_{0}","sha256":"{1}","expires":"{0}"}}}},
            "content":[{{"uri":"/v1/assets/as_{0}"}},{{"text":"as_{0} of /v1/assets/as_{0}"}}]}})",
        id, sha256));
  };
  const std::string one(32, 'a'), other(32, 'b');
  EXPECT_THAT(recorder::list_differences(outcome(one, "d1"), outcome(other, "d2")),
              ElementsAre(HasSubstr("/content/1/text: "), HasSubstr("/output/a_asset/sha256: recorded \"d1\"")))
      << "text that only mentions one is what the skill said";
  EXPECT_EQ(recorder::outcome_of(R"({"output":{"expires":"x","id":"as_short"}})"),
            R"({"output":{"expires":"x","id":"as_short"}})");
}

}  // namespace
}  // namespace toolrack::test
