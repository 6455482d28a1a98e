#include "base/loop.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <boost/asio/post.hpp>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <set>

namespace toolrack::base {
namespace {

TEST(Loops, EachLoopHasAThreadOfItsOwn) {
  Loops loops(3);
  loops.start();
  std::set<std::thread::id> ids;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    std::promise<std::thread::id> promise;
    boost::asio::post(loops[i].context(), [&promise] { promise.set_value(std::this_thread::get_id()); });
    ids.insert(promise.get_future().get());
  }
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_FALSE(ids.contains(std::this_thread::get_id()));
}

TEST(Loops, OnlyItsOwnThreadIsCurrent) {
  Loops loops(2);
  std::atomic<int> right{0};
  std::latch done(4);
  // Two handlers wait before the start: they run first, and may ask about any loop already.
  const auto ask = [&](std::size_t mine) {
    boost::asio::post(loops[mine].context(), [&loops, &right, &done, mine] {
      if (loops[mine].is_current() && !loops[1 - mine].is_current()) ++right;
      done.count_down();
    });
  };
  ask(0);
  ask(1);
  loops.start();
  ask(0);
  ask(1);
  done.wait();
  EXPECT_EQ(right, 4);
  EXPECT_FALSE(loops[0].is_current());
}

TEST(Loops, NamesItsThreadsByIndex) {
  Loops loops(2);
  loops.start();
  for (std::size_t i = 0; i < loops.size(); ++i) {
    EXPECT_EQ(loops[i].index(), i);
    std::promise<std::string> promise;
    boost::asio::post(loops[i].context(), [&promise] {
      char name[16] = {};
      ::pthread_getname_np(::pthread_self(), name, sizeof name);
      promise.set_value(name);
    });
    EXPECT_EQ(promise.get_future().get(), "loop-" + std::to_string(i));
  }
}

TEST(Loops, StaysAliveWithoutWork) {
  Loops loops(1);
  loops.start();
  for (int i = 0; i < 3; ++i) {
    std::promise<void> promise;
    boost::asio::post(loops[0].context(), [&promise] { promise.set_value(); });
    promise.get_future().get();
  }
}

TEST(Loops, StopDropsWhatIsQueuedAndEndsTheThreads) {
  auto witness = std::make_shared<int>(0);
  {
    Loops loops(1);
    loops.start();
    std::latch inside(1);
    std::promise<void> release;
    boost::asio::post(loops[0].context(), [&inside, released = release.get_future().share()] {
      inside.count_down();
      released.wait();
    });
    inside.wait();
    boost::asio::post(loops[0].context(), [witness] { ++*witness; });
    loops[0].context().stop();  // The loop must not take the next handler once the first one is let go.
    release.set_value();
    loops.stop();
    loops.stop();
    EXPECT_FALSE(loops[0].is_current());
  }
  EXPECT_EQ(*witness, 0);
  EXPECT_EQ(witness.use_count(), 1) << "dropped handlers must be destroyed";
}

TEST(Loops, CanBeDestroyedWithoutEverStarting) {
  Loops loops(2);
  EXPECT_EQ(loops.size(), 2u);
}

TEST(Loops, NextTakesTurns) {
  Loops loops(3);
  std::size_t counts[3] = {};
  for (int i = 0; i < 30; ++i) ++counts[loops.next().index()];
  for (const auto count : counts) EXPECT_EQ(count, 10u);
}

}  // namespace
}  // namespace toolrack::base
