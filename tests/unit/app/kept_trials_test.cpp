#include "app/kept_trials.hpp"

#include <gtest/gtest.h>

#include "support/memory_store.hpp"

namespace toolrack::app {
namespace {

const KeptTrial kTrial{
    .version = "2.0.0", .build_id = "ab12", .against = "1.4.0", .older = {.calls = 900, .errors = 3}};

TEST(KeptTrials, AreThereAfterARestartUntilTheyAreOver) {
  testing::MemoryStore store;
  {
    auto kept = *KeptTrials::open(store);
    EXPECT_TRUE(kept.all().empty());
    ASSERT_TRUE(kept.keep({{"test/seo", kTrial}, {"test/other", kTrial}}));
    ASSERT_TRUE(kept.keep({{"test/seo", kTrial}}));
  }
  auto again = *KeptTrials::open(store);
  EXPECT_EQ(again.all(), (KeptTrial::ById{{"test/seo", kTrial}}));
  auto later = kTrial;
  later.version = "3.0.0";
  ASSERT_TRUE(again.keep({{"test/seo", later}}));
  EXPECT_EQ(KeptTrials::open(store)->all(), (KeptTrial::ById{{"test/seo", later}}));
}

TEST(KeptTrials, OfADamagedDocumentAreOfNoVersionAndGo) {
  testing::MemoryStore store;
  ASSERT_TRUE(store.commit({store::Put{.collection = "tool_trials", .key = "test/seo", .json = "[1]"}}));
  auto kept = *KeptTrials::open(store);
  EXPECT_EQ(kept.all(), (KeptTrial::ById{{"test/seo", {}}}));
  ASSERT_TRUE(kept.keep({}));
  EXPECT_TRUE(KeptTrials::open(store)->all().empty());
}

}  // namespace
}  // namespace toolrack::app
