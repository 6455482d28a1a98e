#include "app/session_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/memory_store.hpp"

namespace toolrack::app {
namespace {

TEST(SessionKey, IsMadeOnceAndKept) {
  testing::MemoryStore store;
  const auto first = session_key(store);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(*session_key(store), *first);
  EXPECT_TRUE(std::ranges::any_of(*first, [](unsigned char byte) { return byte != 0; }));
}

TEST(SessionKey, IsAnotherInEveryStore) {
  testing::MemoryStore one, two;
  EXPECT_NE(*session_key(one), *session_key(two));
}

TEST(SessionKey, IsRefusedWhenTheStoreHasADamagedOne) {
  for (const auto* json : {R"({"key":"AAAA"})", R"({"key":"?"})", R"({})"}) {
    testing::MemoryStore store;
    ASSERT_TRUE(store.commit({store::Put{.collection = "secrets", .key = "mcp_session_key", .json = json}}));
    EXPECT_FALSE(session_key(store)) << json << " must not become a key that others know";
  }
}

TEST(SessionKey, IsRefusedWhenItCannotBeKept) {
  testing::MemoryStore store;
  store.set_failing(true);
  const auto key = session_key(store);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code(), base::ErrorCode::kStoreFailed);
}

}  // namespace
}  // namespace toolrack::app
