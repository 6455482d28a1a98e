/// What is kept, for whom, for how long, and who waits for whom.
#include "call/response_cache.hpp"

#include <gtest/gtest.h>

namespace toolrack::call {
namespace {

using Found = ResponseCache::Found;

class ResponseCacheTest : public ::testing::Test {
 protected:
  static CachedResponseRef response(std::string output, std::int64_t expires_ns = 100) {
    auto out = std::make_shared<CachedResponse>();
    out->output_json = std::move(output);
    out->expires_ns = expires_ns;
    return out;
  }
  ResponseCache::Entered enter(const ResponseKey& key, std::int64_t now_ns = 0) {
    return cache_.enter(key, now_ns, [this](std::shared_ptr<const ResponseCache::Landing> landing) {
      landings_.push_back(std::move(landing));
    });
  }
  std::int64_t bytes() { return metrics_.gauge("toolrack_response_cache_bytes", "").value(); }

  const ResponseKey mine_{"question", "me"}, yours_{"question", "you"};
  base::Metrics metrics_;
  ResponseCache cache_{160 << 10, metrics_};
  std::vector<std::shared_ptr<const ResponseCache::Landing>> landings_;
};

TEST_F(ResponseCacheTest, KeepsAnAnswerForItsAccountUntilItExpires) {
  ASSERT_TRUE(cache_.keep(mine_, response("{}"), false));
  EXPECT_EQ(enter(mine_, 99).response->output_json, "{}");
  EXPECT_EQ(enter(yours_, 99).found, Found::kLead) << "somebody else's";
  EXPECT_EQ(enter(mine_, 100).found, Found::kLead) << "its time is over";
  EXPECT_EQ(bytes(), 0) << "and it is gone";
}

TEST_F(ResponseCacheTest, GivesAPublicAnswerToEverybody) {
  ASSERT_TRUE(cache_.keep(mine_, response("{}"), true));
  EXPECT_EQ(enter(mine_).found, Found::kHit);
  EXPECT_EQ(enter(yours_).found, Found::kHit);
}

TEST_F(ResponseCacheTest, ReplacesAnAnswerByANewerOne) {
  ASSERT_TRUE(cache_.keep(mine_, response("1"), false));
  const auto bytes_of_one = bytes();
  ASSERT_TRUE(cache_.keep(mine_, response("2"), false));
  EXPECT_EQ(enter(mine_).response->output_json, "2");
  EXPECT_EQ(bytes(), bytes_of_one);
}

TEST_F(ResponseCacheTest, ForgetsWhatWasUsedLeastRecentlyAndStaysWithinItsMemory) {
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(cache_.keep({std::to_string(i), "me"}, response(std::string(2'000, 'x')), false));
    EXPECT_EQ(enter({"0", "me"}).found, Found::kHit) << "used all the time; after " << i;
    EXPECT_LE(bytes(), 160 << 10);
  }
  EXPECT_EQ(enter({"1", "me"}).found, Found::kLead);
  EXPECT_EQ(enter({"499", "me"}).found, Found::kHit);
}

TEST_F(ResponseCacheTest, KeepsNothingThatWouldPushOutTheRest) {
  EXPECT_FALSE(cache_.keep(mine_, response(std::string(11 << 10, 'x')), false));
  EXPECT_EQ(bytes(), 0);
}

TEST_F(ResponseCacheTest, LetsOneLeadAndGivesTheOthersItsAnswer) {
  EXPECT_EQ(enter(mine_).found, Found::kLead);
  EXPECT_EQ(enter(mine_).found, Found::kFollow);
  EXPECT_EQ(enter(mine_).found, Found::kFollow);
  EXPECT_EQ(enter(yours_).found, Found::kLead) << "an answer may depend on who asks";
  EXPECT_TRUE(landings_.empty());
  cache_.land(mine_, {.response = response("{}"), .error = {}});
  ASSERT_EQ(landings_.size(), 2u);
  EXPECT_EQ(landings_[1]->response->output_json, "{}");
  EXPECT_EQ(enter(mine_).found, Found::kLead) << "a landing does not keep the answer by itself";
}

}  // namespace
}  // namespace toolrack::call
