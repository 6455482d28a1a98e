#include "sources/native/loop_frame.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace toolrack::sources::native {
namespace {

using namespace std::chrono_literals;

void compute(std::chrono::nanoseconds time) {
  const auto before = ThreadUse::now().cpu_ns;
  while (ThreadUse::now().cpu_ns - before < time.count()) {
  }
}

/// Until it has really waited: the time may be over before the kernel is asked, when the processor was lost meanwhile.
void wait(std::chrono::nanoseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto before = ThreadUse::now().waits;
  do never.wait_for(lock, time, [] { return false; });
  while (ThreadUse::now().waits == before);
}

/// The processor is given to somebody else, as the kernel does it on a busy machine: for this thread a preemption, for
/// it did not ask.
void lose_the_processor(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

template <typename Work>
bool is_too_slow(LoopFrames& frames, Work work) {
  const LoopFrames::Frame frame(&frames);
  work();
  return frame.is_timed() && frames.end(frame).has_value();
}

TEST(LoopFrames, TakesASkillThatComputesTooLongThreeTimesOffTheLoop) {
  LoopFrames frames;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(is_too_slow(frames, [] { compute(2ms); })) << i;
  EXPECT_TRUE(is_too_slow(frames, [] { compute(2ms); }));
  EXPECT_FALSE(is_too_slow(frames, [] { compute(2ms); })) << "said once";
}

TEST(LoopFrames, TakesASkillThatWaitsOffTheLoopToo) {
  LoopFrames frames;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(is_too_slow(frames, [] { wait(2ms); })) << i;
  EXPECT_TRUE(is_too_slow(frames, [] { wait(2ms); }));
}

TEST(LoopFrames, SeesASkillThatBecomesSlowLater) {
  LoopFrames frames;
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(is_too_slow(frames, [] {}));
  int seen_after = 0;
  while (!is_too_slow(frames, [] { compute(2ms); }))
    ASSERT_LT(++seen_after, 16 + 3) << "one in sixteen is timed, then all";
}

TEST(LoopFrames, LeavesAQuickSkillInPeaceHoweverOftenItRuns) {
  LoopFrames frames;
  for (int i = 0; i < 10'000; ++i) EXPECT_FALSE(is_too_slow(frames, [] {}));
}

TEST(LoopFrames, DoesNotCountTheTimeThatOthersHadTheProcessor) {
  // Two threads on one processor: what one of them computes is time that the other loses.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  cpu_set_t before;
  ASSERT_EQ(::pthread_getaffinity_np(::pthread_self(), sizeof before, &before), 0);
  if (::pthread_setaffinity_np(::pthread_self(), sizeof one, &one) != 0) GTEST_SKIP() << "processor 0 is not ours";
  std::jthread hog([](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
    }
  });
  LoopFrames frames;
  int long_frames = 0;
  for (int i = 0; i < 200 && long_frames < 10; ++i) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(is_too_slow(frames, [] { lose_the_processor(200us); }));
    if (std::chrono::steady_clock::now() - began > 1ms) ++long_frames;
  }
  EXPECT_GE(long_frames, 5) << "there was something to be mistaken about";
  ::pthread_setaffinity_np(::pthread_self(), sizeof before, &before);
}

}  // namespace
}  // namespace toolrack::sources::native
