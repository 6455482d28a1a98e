/// follow_log(): once, or what came since until the gateway says no.
#include "cli/follow_log.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "operations/table.hpp"
#include "unit/cli/fake_api.hpp"

namespace toolrack::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FollowLog : public ::testing::Test {
 protected:
  base::Result<void> follow(bool follows) {
    testing::FakeApi api(replies, asked);
    return follow_log(table.find("read_log")->operation, {}, api, follows,
                      [&](const base::json::Value& answer) { shown.push_back(base::json::dump(answer)); });
  }
  operations::Table table;
  testing::FakeApi::Replies replies;
  std::vector<testing::Asked> asked;
  std::vector<std::string> shown;
};

TEST_F(FollowLog, AsksOnceUnlessItFollows) {
  replies["GET /v1/log"] = {200, R"({"lines":[],"next":5,"lost":false})"};
  EXPECT_TRUE(follow(false));
  EXPECT_THAT(shown, ElementsAre(replies["GET /v1/log"].body));
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(FollowLog, AsksForWhatCameSinceAndEndsWithTheGatewaysError) {
  replies["GET /v1/log"] = {200, R"({"lines":[{"message":"a"}],"next":5,"lost":false})"};
  replies["GET /v1/log?after=5"] = {200, R"({"lines":[],"next":6,"lost":false})"};
  replies["GET /v1/log?after=6"] = {200, R"({"lines":[{"message":"b"}],"next":7,"lost":false})"};
  EXPECT_TRUE(follow(true));
  ASSERT_EQ(shown.size(), 3U) << "the empty answer is nothing to show";
  EXPECT_THAT(shown[1], HasSubstr("\"b\""));
  EXPECT_THAT(shown[2], HasSubstr("route_not_found"));
}

/// Is away for the second question.
class RenewedApi final : public Api {
 public:
  explicit RenewedApi(Api& api) : api_(api) {}
  base::Result<ApiReply> request(std::string_view method, std::string_view path, std::string_view body) override {
    if (++asked_ == 2) return base::fail(base::ErrorCode::kUnavailable, "no gateway answers");
    return api_.request(method, path, body);
  }

 private:
  Api& api_;
  int asked_ = 0;
};

class FollowLogOfARenewedGateway : public FollowLog {
 protected:
  base::Result<void> follow_with(std::chrono::milliseconds patience) {
    replies["GET /v1/log"] = {200, R"({"lines":[],"next":5,"lost":false})"};
    testing::FakeApi api(replies, asked);
    RenewedApi renewed(api);
    return follow_log(
        table.find("read_log")->operation, {}, renewed, true,
        [&](const base::json::Value& answer) { shown.push_back(base::json::dump(answer)); }, patience);
  }
};

TEST_F(FollowLogOfARenewedGateway, GoesOnWhereItWas) {
  replies["GET /v1/log?after=5"] = {200, R"({"lines":[{"message":"later"}],"next":9,"lost":true})"};
  EXPECT_TRUE(follow_with(std::chrono::hours(1)));
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_THAT(shown[1], HasSubstr("later"));
}

TEST_F(FollowLogOfARenewedGateway, EndsWhenItIsAwayForTooLong) {
  const auto followed = follow_with(std::chrono::milliseconds(0));
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().message(), "no gateway answers");
}

}  // namespace
}  // namespace toolrack::cli
