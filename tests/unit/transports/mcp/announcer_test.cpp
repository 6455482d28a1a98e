#include "transports/mcp/announcer.hpp"

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "support/patience.hpp"

namespace toolrack::mcp {
namespace {

using registry::DynamicList;

class AnnouncerTest : public ::testing::Test {
 protected:
  AnnouncerTest() { loops_.start(); }
  ~AnnouncerTest() override { loops_.stop(); }
  void hear(Announcer& announcer) {
    std::promise<void> set;
    boost::asio::post(loops_[0].context(), [&] {
      announcer.set_listener([this](auto news) {
        if (!std::exchange(has_heard_, true)) heard_.set_value(*news);
      });
      set.set_value();
    });
    set.get_future().wait();
  }
  News wait() {
    auto news = heard_.get_future();
    EXPECT_EQ(news.wait_for(test::kPatience), std::future_status::ready);
    loops_.stop();  // The announcer goes before them.
    return news.get();
  }

  base::Loops loops_{2};
  std::promise<News> heard_;
  bool has_heard_ = false;  // Of the loop: only the first piece of news counts.
};

TEST_F(AnnouncerTest, MakesOnePieceOfNewsOfABurstFromManyThreads) {
  // Longer than the burst takes on any machine; ended early by the amount.
  Announcer announcer(loops_, std::chrono::hours(1));
  hear(announcer);
  std::vector<std::thread> plugins;
  for (int thread = 0; thread < 4; ++thread)
    plugins.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        announcer.list_changed(DynamicList::kSkills, "test/a@1.0.0", "");
        announcer.resource_updated("test://same", "acc");
      }
    });
  for (auto& plugin : plugins) plugin.join();
  for (std::size_t i = 0; i < Announcer::kMostGathered; ++i)
    announcer.resource_updated("test://" + std::to_string(i), "acc");
  const auto news = wait();
  EXPECT_EQ(news.lists.size(), 1u) << "the same thing was said 400 times";
  EXPECT_GE(news.resources.size(), Announcer::kMostGathered - 1);
}

TEST_F(AnnouncerTest, PassesASingleWordOnAfterAMoment) {
  Announcer announcer(loops_, std::chrono::milliseconds(1));
  hear(announcer);
  announcer.resource_updated("test://one", "");
  const auto news = wait();
  EXPECT_TRUE(news.resources.contains({"test://one", ""}));
  EXPECT_TRUE(news.lists.empty());
}

}  // namespace
}  // namespace toolrack::mcp
