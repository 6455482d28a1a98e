#include "base/published.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace toolrack::base {
namespace {

TEST(Published, ReaderSeesTheFirstValueAndEachNext) {
  Published<int> published(std::make_shared<int>(1));
  Published<int>::Reader reader(published);
  EXPECT_EQ(*reader.get(), 1);
  published.publish(std::make_shared<int>(2));
  EXPECT_EQ(*reader.get(), 2);
  EXPECT_EQ(*published.load(), 2);
}

TEST(Published, ReaderKeepsItsCopyWhileNothingChanges) {
  Published<int> published(std::make_shared<int>(1));
  Published<int>::Reader reader(published);
  const auto* const first = &reader.get();
  const auto holders = first->use_count();
  EXPECT_EQ(&reader.get(), first);
  EXPECT_EQ(first->use_count(), holders);
}

TEST(Published, EachPublishRaisesTheVersion) {
  Published<int> published(std::make_shared<int>(1));
  const auto before = published.version();
  published.publish(std::make_shared<int>(1));
  EXPECT_EQ(published.version(), before + 1);
}

TEST(Published, TheOldValueLivesWhileSomebodyHoldsIt) {
  auto old = std::make_shared<std::string>("old");
  const std::weak_ptr<std::string> watch = old;
  Published<std::string> published(std::move(old));
  auto held = published.load();
  published.publish(std::make_shared<std::string>("new"));
  ASSERT_FALSE(watch.expired());
  EXPECT_EQ(*held, "old");
  held.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(Published, ReadersInOtherThreadsNeverGoBackAndReachTheLastValue) {
  constexpr int kLast = 2'000;
  Published<int> published(std::make_shared<int>(0));
  std::vector<std::thread> threads;
  std::atomic<bool> went_back{false};
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      Published<int>::Reader reader(published);
      int last = 0;
      while (last != kLast) {
        const int now = *reader.get();
        if (now < last) went_back = true;
        last = now;
      }
    });
  for (int value = 1; value <= kLast; ++value) published.publish(std::make_shared<int>(value));
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(went_back);
}

}  // namespace
}  // namespace toolrack::base
