/// What a recording keeps of time and chance, and how a replay gives it again: through a real library.
#include <gmock/gmock.h>

#include <cstdio>
#include <thread>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "native_fixture.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::sources::native {
namespace {

namespace recorder = services::recorder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kTimerEnded = R"({"status":0,"order":"","overlaps":0})";
constexpr auto kTimerTakenBack = R"({"status":1,"order":"","overlaps":0})";
constexpr auto kHourLong = R"({"delay_ns":3600000000000})";

struct Times {
  long long unix_ns = 0, monotonic_ns = 0;
};

Times times_of(const std::string& output) {
  Times out;
  EXPECT_EQ(std::sscanf(output.c_str(), R"({"unix":%lld,"monotonic":%lld})", &out.unix_ns, &out.monotonic_ns), 2)
      << output;
  return out;
}

std::int64_t number_in(const std::string& reply) {
  return base::json::find_int(base::json::parse(reply).value(), "ns").value();
}

class ClockRecord : public NativeFixture {
 protected:
  void SetUp() override {
    install("services");
    open();
  }
  Answer run(const std::string& name, recorder::Recording& recording, std::int64_t deadline_ns = 0) {
    TestCall one(skill("services", name), "{}", loops[0]);
    one.invocation.recording = &recording;
    one.invocation.deadline_ns = deadline_ns;
    one.start();
    return one.wait();
  }
  static std::int64_t in_an_hour() { return base::system_clock().monotonic_ns() + 3'600'000'000'000; }
};

TEST_F(ClockRecord, KeepsTheTimeOfDayAndTheTimeThatIsLeft) {
  recorder::Recording recording;
  const auto deadline = in_an_hour();
  const auto told = times_of(run("clock", recording, deadline).output);
  ASSERT_THAT(recording.operations(), SizeIs(2));
  for (const auto& operation : recording.operations()) {
    EXPECT_EQ(operation.request, "{}");
    EXPECT_GT(operation.ended, 0U);
    const bool is_unix = operation.service == "clock.unix_ns";
    if (!is_unix) EXPECT_EQ(operation.service, "clock.monotonic_ns");
    EXPECT_EQ(number_in(operation.reply), is_unix ? told.unix_ns : told.monotonic_ns - deadline);
  }

  recorder::Recording replay(recording.operations());
  const auto later = deadline + 7'000'000;
  const auto again = times_of(run("clock", replay, later).output);
  EXPECT_EQ(again.unix_ns, told.unix_ns);
  EXPECT_EQ(later - again.monotonic_ns, deadline - told.monotonic_ns) << "as much is left as was";
  EXPECT_THAT(replay.divergences(), IsEmpty());
  EXPECT_THAT(replay.left_over(), IsEmpty());
}

TEST_F(ClockRecord, KeepsRandomBytes) {
  recorder::Recording recording, other;
  const auto told = run("random", recording).output;
  EXPECT_NE(run("random", other).output, told) << "the control: chance does not repeat itself";
  ASSERT_THAT(recording.operations(), SizeIs(1));
  const auto operation = recording.operations().front();
  EXPECT_EQ(operation.service, "clock.random");
  EXPECT_EQ(operation.request, R"({"bytes":32})");
  const auto reply = base::json::parse(operation.reply).value();
  const auto bytes = base::from_base64(base::json::find_string(reply, "base64").value()).value();
  ASSERT_EQ(bytes.size(), 32U);
  EXPECT_THAT(told, HasSubstr(base::to_hex(bytes.substr(0, 7))));

  recorder::Recording replay(recording.operations());
  EXPECT_EQ(run("random", replay).output, told);
  EXPECT_THAT(replay.divergences(), IsEmpty());
}

TEST_F(ClockRecord, KeepsHowLongASkillWaits) {
  recorder::Recording recording;
  EXPECT_EQ(run("after", recording).output, kTimerEnded);
  ASSERT_THAT(recording.operations(), SizeIs(1));
  const auto operation = recording.operations().front();
  EXPECT_EQ(operation.service, "clock.after");
  EXPECT_EQ(operation.request, R"({"delay_ns":1000000})");
  EXPECT_EQ(operation.reply, "{}");
  EXPECT_EQ(operation.ended, 1U);
}

TEST_F(ClockRecord, KeepsTheOrderInWhichTimersEnded) {
  recorder::Recording recording;
  const auto seen = run("two_waits", recording).output;
  ASSERT_THAT(recording.operations(), SizeIs(2));
  EXPECT_EQ(recording.operations()[0].request, R"({"delay_ns":20000000})");
  // A busy machine may take so long between the two that they end the other way round.
  const bool is_fast_first = seen.find("fs") != std::string::npos;
  EXPECT_EQ(recording.operations()[0].ended, is_fast_first ? 2U : 1U) << seen;
  EXPECT_EQ(recording.operations()[1].ended, is_fast_first ? 1U : 2U) << seen;
}

TEST_F(ClockRecord, DoesNotWaitInAReplay) {
  recorder::Recording replay({{"clock.after", kHourLong, "{}", 1}});
  EXPECT_EQ(run("after_long", replay).output, kTimerEnded);
  EXPECT_THAT(replay.divergences(), IsEmpty());
}

TEST_F(ClockRecord, LeavesATimerOpenThatWasTakenBackUntilItIsTakenBackAgain) {
  recorder::Recording recording;
  TestCall first(skill("services", "after_long"), "{}", loops[0]);
  first.invocation.recording = &recording;
  first.start();
  while (recording.operations().empty()) std::this_thread::yield();
  first.cancel();
  EXPECT_EQ(first.wait().output, kTimerTakenBack);
  ASSERT_THAT(recording.operations(), SizeIs(1));
  EXPECT_EQ(recording.operations().front().request, kHourLong);
  EXPECT_EQ(recording.operations().front().ended, 0U);

  recorder::Recording replay(recording.operations());
  TestCall second(skill("services", "after_long"), "{}", loops[0]);
  second.invocation.recording = &replay;
  second.start();
  while (!replay.left_over().empty()) std::this_thread::yield();
  call("services", "clock");
  call("services", "clock");
  EXPECT_FALSE(second.is_answered()) << "it did not end by itself, though the loop has turned since";
  second.cancel();
  EXPECT_EQ(second.wait().output, kTimerTakenBack);
}

TEST_F(ClockRecord, RefusesToWaitAnotherTimeThanRecorded) {
  recorder::Recording replay({{"clock.after", R"({"delay_ns":2000000})", "{}", 1}});
  EXPECT_NE(run("after", replay).output, kTimerEnded);
  EXPECT_THAT(replay.divergences(), ElementsAre(HasSubstr("/delay_ns: recorded 2000000, asked 1000000")));
  EXPECT_THAT(replay.left_over(), SizeIs(1));
}

TEST_F(ClockRecord, NotesTimeAndChanceThatAreNotInTheRecord) {
  recorder::Recording replay(std::vector<recorder::Operation>{});
  EXPECT_GT(times_of(run("clock", replay).output).unix_ns, 0) << "a skill that asks is told something";
  EXPECT_EQ(run("random", replay).code(), "ok");
  EXPECT_THAT(replay.divergences(), SizeIs(3));
}

TEST_F(ClockRecord, KeepsNothingOfCallsThatNobodyRecords) {
  recorder::Recording recording;
  for (const auto* name : {"clock", "random", "after"}) EXPECT_EQ(call("services", name).code(), "ok");
  run("random", recording);
  EXPECT_THAT(recording.operations(), SizeIs(1));
}

}  // namespace
}  // namespace toolrack::sources::native
