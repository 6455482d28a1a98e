#include "base/pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>

namespace toolrack::base {
namespace {

TEST(Pool, RunsEveryTaskOnce) {
  constexpr int kTasks = 2'000;
  std::vector<std::atomic<int>> runs(kTasks);
  Pool pool("test", 4);
  for (int i = 0; i < kTasks; ++i) ASSERT_TRUE(pool.post([&runs, i] { ++runs[static_cast<std::size_t>(i)]; }));
  pool.stop();
  for (const auto& count : runs) EXPECT_EQ(count, 1);
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(Pool, OneThreadRunsTasksInOrder) {
  std::vector<int> order;
  Pool pool("test", 1);
  for (int i = 0; i < 100; ++i) pool.post([&order, i] { order.push_back(i); });
  pool.stop();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Pool, BlockedTasksDoNotKeepOthersWaitingBelowTheBound) {
  std::latch all(4);  // Opens only when four tasks run at the same time.
  Pool pool("test", 4);
  for (int i = 0; i < 4; ++i) pool.post([&all] { all.arrive_and_wait(); });
  pool.stop();
  EXPECT_TRUE(all.try_wait());
}

TEST(Pool, NeverRunsMoreThanItsBound) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  Pool pool("test", 3);
  for (int i = 0; i < 500; ++i)
    pool.post([&] {
      const int now = ++running;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --running;
    });
  pool.stop();
  EXPECT_GE(most, 1);
  EXPECT_LE(most, 3);
}

TEST(Pool, ReusesAnIdleThread) {
  std::set<std::thread::id> ids;
  Pool pool("test", 8);
  for (int i = 0; i < 20; ++i) {
    std::latch done(1);
    pool.post([&] {
      ids.insert(std::this_thread::get_id());
      done.count_down();
    });
    done.wait();
  }
  pool.stop();
  // A task posted before the last one's thread is back at its queue may get a second thread, never one each.
  EXPECT_LT(ids.size(), 20u);
}

TEST(Pool, CountsWhatWaits) {
  std::latch started(1);
  std::latch release(1);
  Pool pool("test", 1);
  pool.post([&] {
    started.count_down();
    release.wait();
  });
  started.wait();
  pool.post([] {});
  pool.post([] {});
  EXPECT_EQ(pool.queued(), 2u);
  release.count_down();
  pool.stop();
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(Pool, HasAnotherThreadForWhatWaitsBehindATaskThatDoesNotEnd) {
  std::latch release(1), done(1);
  Pool pool("test", 1);
  pool.post([&] { release.wait(); });
  pool.post([&] { done.count_down(); });
  while (!done.try_wait()) pool.relieve();
  EXPECT_EQ(pool.queued(), 0u);
  release.count_down();
}

TEST(Pool, HasNoFurtherThreadWhileItsTasksEnd) {
  std::latch first(1), second(1), second_runs(1);
  Pool pool("test", 1);
  pool.post([&] { first.wait(); });
  pool.post([&] {
    second_runs.count_down();
    second.wait();
  });
  pool.post([] {});
  pool.relieve();
  first.count_down();
  second_runs.wait();
  pool.relieve();
  EXPECT_EQ(pool.queued(), 1u) << "it waits for a task that has only begun";
  second.count_down();
}

TEST(Pool, RefusesTasksAfterStop) {
  Pool pool("test", 1);
  pool.stop();
  pool.stop();
  auto witness = std::make_shared<int>(0);
  EXPECT_FALSE(pool.post([witness] { ++*witness; }));
  EXPECT_EQ(*witness, 0);
  EXPECT_EQ(witness.use_count(), 1) << "a refused task must not be kept";
}

TEST(Pool, StopRunsWhatIsQueuedFirst) {
  std::latch started(1);
  std::latch release(1);
  int ran = 0;
  Pool pool("test", 1);
  pool.post([&] {
    started.count_down();
    release.wait();
  });
  started.wait();
  for (int i = 0; i < 10; ++i) pool.post([&ran] { ++ran; });
  std::thread stopper([&] { pool.stop(); });
  release.count_down();
  stopper.join();
  EXPECT_EQ(ran, 10);
}

TEST(Pool, ATaskMayPostAnother) {
  std::latch done(1);
  Pool pool("test", 1);
  pool.post([&] { EXPECT_TRUE(pool.post([&done] { done.count_down(); })); });
  done.wait();
  pool.stop();
}

TEST(Pool, NamesItsThreads) {
  char name[16] = {};
  Pool pool("fifteen-letters", 1);
  pool.post([&name] { ::pthread_getname_np(::pthread_self(), name, sizeof name); });
  pool.stop();
  EXPECT_STREQ(name, "fifteen-letters");
}

}  // namespace
}  // namespace toolrack::base
