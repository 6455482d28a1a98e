#include "sources/native/frame_watch.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using namespace std::chrono_literals;

class Watch : public ::testing::Test {
 protected:
  std::vector<std::string> hanging_at(std::chrono::milliseconds time) {
    watch.look(FrameWatch::Clock::time_point(1h) + time);
    std::vector<std::string> out;
    for (const auto& one : watch.hanging()) out.emplace_back(one.name);
    return out;
  }
  const std::unique_ptr<FrameBoard> board = *FrameBoard::create({});
  const std::uint32_t number = board->number_of("acme/weather.forecast");
  base::Metrics metrics;
  FrameWatch watch{*board, metrics, {.on_loop = 100ms, .in_pool = 1000ms, .in_control = 5000ms}};
};

TEST_F(Watch, NamesAFrameThatDoesNotComeBackToItsLoop) {
  const FrameBoard::Mark mark(*board, number, FrameBoard::Where::kLoop);
  EXPECT_THAT(hanging_at(0ms), ::testing::IsEmpty());
  EXPECT_THAT(hanging_at(99ms), ::testing::IsEmpty());
  EXPECT_THAT(hanging_at(100ms), ::testing::ElementsAre("acme/weather.forecast"));
  EXPECT_THAT(hanging_at(250ms), ::testing::ElementsAre("acme/weather.forecast"));
  EXPECT_EQ(watch.hanging()[0].so_far, 250ms);
}

TEST_F(Watch, ForgetsItWhenItHasComeBack) {
  {
    const FrameBoard::Mark mark(*board, number, FrameBoard::Where::kLoop);
    hanging_at(0ms);
    EXPECT_EQ(hanging_at(150ms).size(), 1U);
  }
  EXPECT_THAT(hanging_at(200ms), ::testing::IsEmpty());
}

TEST_F(Watch, DoesNotTakeManyShortFramesForALongOne) {
  for (int i = 0; i < 10; ++i) {
    const FrameBoard::Mark mark(*board, number, FrameBoard::Where::kLoop);
    EXPECT_THAT(hanging_at(i * 60ms), ::testing::IsEmpty());
  }
}

TEST_F(Watch, GivesThePoolMoreTimeAndThreadsThatMayBlockAllOfIt) {
  const FrameBoard::Mark mark(*board, number, FrameBoard::Where::kPool);
  hanging_at(0ms);
  EXPECT_THAT(hanging_at(999ms), ::testing::IsEmpty());
  EXPECT_EQ(hanging_at(1000ms).size(), 1U);
  const FrameBoard::Mark blocks(*board, number, FrameBoard::Where::kBlocking);
  EXPECT_THAT(hanging_at(2000ms), ::testing::IsEmpty());
  EXPECT_THAT(hanging_at(100'000ms), ::testing::IsEmpty());
}

TEST_F(Watch, NamesAPluginThatDoesNotStartOrStop) {
  const FrameBoard::Mark mark(*board, board->number_of("acme/weather"), FrameBoard::Where::kControl);
  hanging_at(0ms);
  EXPECT_THAT(hanging_at(4999ms), ::testing::IsEmpty());
  EXPECT_THAT(hanging_at(5000ms), ::testing::ElementsAre("acme/weather"));
}

/// Through the whole source: a skill that computes for ever is named while it does.
class HangingPlugin : public NativeFixture {};

TEST_F(HangingPlugin, IsNamedWhileItHangs) {
  settings.hang_patience = {.on_loop = 10ms, .in_pool = 10ms, .in_control = test::kPatience, .between_looks = 2ms};
  ::setenv("TOOLRACK_TESTS_GATE", (directory.path() / "gate").c_str(), 1);
  ASSERT_EQ(::mkfifo((directory.path() / "gate").c_str(), 0600), 0);
  install("hangs_in_invoke");
  open();
  TestCall hangs(skill("hangs-in-invoke", "echo"), "{}", loops[0]);
  hangs.start();
  std::vector<HangingFrame> seen;
  for (; seen.empty(); seen = source->hanging()) std::this_thread::yield();
  EXPECT_EQ(seen[0].name, "test/hangs-in-invoke.echo");
  EXPECT_EQ(seen[0].where, FrameBoard::Where::kPool);
  EXPECT_FALSE(hangs.is_answered());
  ::close(::open((directory.path() / "gate").c_str(), O_WRONLY));
  EXPECT_FALSE(hangs.wait().error);
  while (!source->hanging().empty()) std::this_thread::yield();
  ::unsetenv("TOOLRACK_TESTS_GATE");
}

}  // namespace
}  // namespace toolrack::sources::native
