#include "transports/net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "support/fake_clock.hpp"

namespace toolrack::net {
namespace {

using std::chrono::milliseconds;

class Waiter final : public TimerWheel::Entry {
 public:
  ~Waiter() = default;
  std::function<void(std::int64_t)> on_time = [this](std::int64_t now) { fired.push_back(now); };
  std::vector<std::int64_t> fired;

 private:
  void on_deadline(std::int64_t now_ns) override { on_time(now_ns); }
};

/// The clock is the test's, the timer the system's: a turn advances the clock and waits for one tick of a millisecond.
class TimerWheels : public ::testing::Test {
 protected:
  void turn(milliseconds by) {
    clock_.advance(by);
    context_.restart();
    context_.run_one();
  }
  std::int64_t in(milliseconds delay) { return clock_.monotonic_ns() + std::chrono::nanoseconds(delay).count(); }
  testing::FakeClock clock_;
  boost::asio::io_context context_{1};
  TimerWheel wheel_{context_, milliseconds(1), clock_};
};

TEST_F(TimerWheels, CallsOnceAndNeverEarly) {
  Waiter waiter;
  const auto deadline = in(milliseconds(10));
  wheel_.set(waiter, deadline);
  for (int i = 0; i < 30; ++i)
    if (waiter.fired.empty()) turn(milliseconds(1));
  ASSERT_EQ(waiter.fired.size(), 1u);
  EXPECT_GE(waiter.fired[0], deadline);
  EXPECT_LE(waiter.fired[0], deadline + 2'000'000);
}

TEST_F(TimerWheels, MovesALaterDeadlineWithoutTouchingTheSlot) {
  Waiter waiter;
  wheel_.set(waiter, in(milliseconds(3)));
  const auto later = in(milliseconds(20));
  wheel_.set(waiter, later);
  for (int i = 0; i < 40 && waiter.fired.empty(); ++i) turn(milliseconds(1));
  ASSERT_EQ(waiter.fired.size(), 1u);
  EXPECT_GE(waiter.fired[0], later);
}

TEST_F(TimerWheels, MovesAnEarlierDeadline) {
  Waiter waiter;
  wheel_.set(waiter, in(milliseconds(400)));
  const auto earlier = in(milliseconds(5));
  wheel_.set(waiter, earlier);
  for (int i = 0; i < 10 && waiter.fired.empty(); ++i) turn(milliseconds(1));
  ASSERT_EQ(waiter.fired.size(), 1u);
  EXPECT_GE(waiter.fired[0], earlier);
}

TEST_F(TimerWheels, ForgetsWhatWasTakenBack) {
  Waiter taken_back;
  Waiter control;
  wheel_.set(taken_back, in(milliseconds(3)));
  wheel_.set(taken_back, TimerWheel::kNever);
  wheel_.set(control, in(milliseconds(6)));
  for (int i = 0; i < 20 && control.fired.empty(); ++i) turn(milliseconds(1));
  EXPECT_EQ(control.fired.size(), 1u);
  EXPECT_TRUE(taken_back.fired.empty());
}

TEST_F(TimerWheels, ReachesDeadlinesBeyondOneRound) {
  Waiter waiter;
  const auto deadline = in(milliseconds(2000));
  wheel_.set(waiter, deadline);
  for (int i = 0; i < 300 && waiter.fired.empty(); ++i) turn(milliseconds(50));
  ASSERT_EQ(waiter.fired.size(), 1u);
  EXPECT_GE(waiter.fired[0], deadline);
}

TEST_F(TimerWheels, FindsEverythingAfterALongPause) {
  Waiter a;
  Waiter b;
  wheel_.set(a, in(milliseconds(5)));
  wheel_.set(b, in(milliseconds(500)));
  turn(std::chrono::hours(1));
  EXPECT_EQ(a.fired.size(), 1u);
  EXPECT_EQ(b.fired.size(), 1u);
}

TEST_F(TimerWheels, LetsAnEntryDestroyItselfAndItsNeighbours) {
  std::vector<std::unique_ptr<Waiter>> waiters;
  int calls = 0;
  const auto deadline = in(milliseconds(3));
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(std::make_unique<Waiter>());
    // A copy, because it destroys the function it runs in.
    waiters.back()->on_time = [&](std::int64_t) {
      auto& count = calls;
      auto& all = waiters;
      ++count;
      all.clear();
    };
    wheel_.set(*waiters.back(), deadline);
  }
  for (int i = 0; i < 10 && calls == 0; ++i) turn(milliseconds(1));
  EXPECT_EQ(calls, 1);
}

TEST_F(TimerWheels, LetsTheLoopWorkWhileACrowdIsServed) {
  constexpr std::size_t kCrowd = 10 * TimerWheel::kCallsInARow;
  std::vector<std::unique_ptr<Waiter>> crowd;
  std::size_t called = 0;
  for (std::size_t i = 0; i < kCrowd; ++i) {
    crowd.push_back(std::make_unique<Waiter>());
    crowd.back()->on_time = [&](std::int64_t) { ++called; };
    wheel_.set(*crowd.back(), in(milliseconds(3)));
  }
  turn(milliseconds(10));
  EXPECT_EQ(called, TimerWheel::kCallsInARow);
  // Something else comes in, and one of those that are due is taken back, another one destroyed.
  std::size_t called_before = 0;
  boost::asio::post(context_, [&] { called_before = called; });
  for (auto& waiter : crowd)
    waiter->on_time = [&, one = waiter.get()](std::int64_t) {
      ++called;
      one->fired.push_back(0);
    };
  context_.run_one();
  EXPECT_EQ(called_before, TimerWheel::kCallsInARow);
  context_.run_one();
  EXPECT_EQ(called, 2 * TimerWheel::kCallsInARow);
  const auto is_waiting = [](const auto& waiter) { return waiter->fired.empty(); };
  const auto taken_back = std::find_if(crowd.begin(), crowd.begin() + kCrowd / 2, is_waiting);
  ASSERT_NE(taken_back, crowd.begin() + kCrowd / 2);
  wheel_.set(**taken_back, TimerWheel::kNever);
  const auto destroyed = std::find_if(taken_back + 1, crowd.end(), is_waiting);
  ASSERT_NE(destroyed, crowd.end());
  crowd.erase(destroyed);
  context_.run();
  EXPECT_EQ(called, kCrowd - 2);
}

TEST_F(TimerWheels, ServesACrowdThatSetsNewDeadlinesWithinOneTick) {
  constexpr std::size_t kCrowd = 5 * TimerWheel::kCallsInARow;
  constexpr milliseconds kTick{1000};
  TimerWheel wheel(context_, kTick, clock_);
  std::vector<std::unique_ptr<Waiter>> crowd;
  std::size_t called = 0;
  for (std::size_t i = 0; i < kCrowd; ++i) {
    crowd.push_back(std::make_unique<Waiter>());
    crowd.back()->on_time = [&, one = crowd.back().get()](std::int64_t) {
      ++called;
      wheel.set(*one, in(std::chrono::hours(1)));
    };
    wheel.set(*crowd.back(), in(milliseconds(3)));
  }
  turn(2 * kTick);
  EXPECT_EQ(called, TimerWheel::kCallsInARow);
  while (called < kCrowd && context_.run_one_for(kTick / 2) == 1) {
  }
  EXPECT_EQ(called, kCrowd);
}

TEST_F(TimerWheels, SleepsWhenNothingWaits) {
  {
    Waiter waiter;
    wheel_.set(waiter, in(milliseconds(1)));
  }
  turn(milliseconds(5));
  context_.restart();
  EXPECT_EQ(context_.poll(), 0u);
  EXPECT_TRUE(context_.stopped()) << "a timer is still armed";
}

}  // namespace
}  // namespace toolrack::net
