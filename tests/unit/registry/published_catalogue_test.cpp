#include "registry/published_catalogue.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

ToolSetRef set_of(std::string_view pattern) {
  const auto list = base::json::parse(fmt::format(R"(["{}"])", pattern));
  return *ToolSet::create(&*list, nullptr, nullptr);
}

std::shared_ptr<const Catalogue> catalogue(std::uint64_t generation) {
  return *Catalogue::build({FakeTool{}.make(), FakeTool{.slug = "mail"}.make()}, {}, generation);
}

class PublishedCatalogueTest : public ::testing::Test {
 protected:
  PublishedCatalogue published_{catalogue(1)};
  PublishedCatalogue::Reader reader_{published_}, other_{published_};
};

TEST_F(PublishedCatalogueTest, GivesTheWholeOneWithoutASet) {
  EXPECT_EQ(reader_.get(nullptr), published_.load());
  EXPECT_EQ(published_.load(nullptr), published_.load());
}

TEST_F(PublishedCatalogueTest, NarrowsOnceForAllWhoHaveTheSameSet) {
  const auto one = set_of("seo"), equal = set_of("seo"), another = set_of("mail");
  const auto narrowed = reader_.get(one.get());
  EXPECT_EQ(narrowed->tools().size(), 1u);
  EXPECT_EQ(reader_.get(equal.get()), narrowed);
  EXPECT_EQ(other_.get(equal.get()), narrowed);
  EXPECT_EQ(published_.load(one.get()), narrowed);
  EXPECT_NE(reader_.get(another.get()), narrowed);
}

TEST_F(PublishedCatalogueTest, NarrowsAnewWhenAnotherIsPublished) {
  const auto set = set_of("seo");
  const auto before = reader_.get(set.get());
  published_.publish(catalogue(2));
  const auto after = reader_.get(set.get());
  EXPECT_NE(after, before);
  EXPECT_EQ(after->generation(), 2u);
}

TEST_F(PublishedCatalogueTest, LetsGoOfTheOldOneWhenALoopLooksAgain) {
  std::weak_ptr<const Catalogue> old = reader_.get(set_of("seo").get());
  other_.get(set_of("seo").get());
  published_.publish(catalogue(2));
  EXPECT_FALSE(old.expired());
  reader_.get();
  other_.get();
  EXPECT_TRUE(old.expired()) << "nobody has asked for the set again, and its tools are gone all the same";
}

TEST_F(PublishedCatalogueTest, KeepsNoMoreThanItsBound) {
  std::vector<ToolSetRef> sets;
  std::vector<std::weak_ptr<const Catalogue>> narrowed;
  const auto favourite = set_of("seo");
  const auto kept = reader_.get(favourite.get());
  for (std::size_t i = 0; i < 2 * NarrowedCatalogues::kMost; ++i) {
    sets.push_back(set_of(fmt::format("seo.skill{}", i)));
    narrowed.emplace_back(reader_.get(sets.back().get()));
    EXPECT_EQ(reader_.get(favourite.get()), kept) << "who asks often is not pushed out";
    published_.load(favourite.get());
  }
  const auto alive = std::ranges::count_if(narrowed, [](const auto& one) { return !one.expired(); });
  EXPECT_LE(alive, static_cast<std::ptrdiff_t>(NarrowedCatalogues::kMost));
  EXPECT_GT(alive, 0);
}

TEST_F(PublishedCatalogueTest, ServesThreadsWhileItChanges) {
  constexpr int kThreads = 3;
  std::barrier begin(kThreads + 1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      PublishedCatalogue::Reader reader(published_);
      const auto set = set_of("mail");
      begin.arrive_and_wait();
      for (int n = 0; n < 300; ++n) {
        const auto seen = reader.get(set.get());
        ASSERT_EQ(seen->tools().size(), 1u);
        ASSERT_EQ(seen->search({.text = "mail"}).size(), 1u);
      }
    });
  }
  begin.arrive_and_wait();
  for (std::uint64_t generation = 2; generation < 20; ++generation) published_.publish(catalogue(generation));
}

}  // namespace
}  // namespace toolrack::registry
