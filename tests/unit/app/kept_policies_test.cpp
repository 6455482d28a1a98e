#include "app/kept_policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/memory_store.hpp"

namespace toolrack::app {
namespace {

using ::testing::HasSubstr;

TEST(KeptPolicies, AreThereAfterARestart) {
  testing::MemoryStore store;
  {
    auto kept = *KeptPolicies::open(store);
    EXPECT_TRUE(kept.all().empty());
    ASSERT_TRUE(kept.keep("test/seo", {.promoted = "1.4.0"}));
    ASSERT_TRUE(kept.keep("test/other", {.is_disabled = true}));
    ASSERT_TRUE(kept.keep("test/other", {}));
    EXPECT_EQ(kept.all().size(), 1u) << "nothing is kept where nothing is decided";
  }
  const auto again = *KeptPolicies::open(store);
  EXPECT_EQ(again.all().size(), 1u);
  EXPECT_EQ(again.of("test/seo").promoted, "1.4.0");
  EXPECT_TRUE(again.of("test/none").is_empty());
}

TEST(KeptPolicies, NameWhatIsDamaged) {
  testing::MemoryStore store;
  ASSERT_TRUE(store.commit({store::Put{.collection = "tool_versions", .key = "test/seo", .json = "[1]"}}));
  const auto kept = KeptPolicies::open(store);
  ASSERT_FALSE(kept);
  EXPECT_THAT(kept.error().message(), HasSubstr("test/seo"));
}

}  // namespace
}  // namespace toolrack::app
