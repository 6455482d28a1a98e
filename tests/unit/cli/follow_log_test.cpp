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

}  // namespace
}  // namespace toolrack::cli
