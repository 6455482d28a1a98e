#include "operations/runner.hpp"

#include <boost/asio/post.hpp>

#include <future>

#include "support/fake_skill.hpp"
#include "support/http_client.hpp"
#include "support/test_rack.hpp"

namespace toolrack::operations {
namespace {

using testing::at;
using testing::parsed;

class RunnerTest : public ::testing::Test {
 protected:
  base::Result<Answer> run(std::string_view name, std::string_view input, const accounts::PrincipalRef& principal) {
    std::promise<base::Result<Answer>> promise;
    auto future = promise.get_future();
    boost::asio::post(rack_.loops[0].context(), [&] {
      rack_.runner.run(rack_.loops[0], *rack_.table.find(name), principal, *base::json::parse(input), "req",
                       [&](base::Result<Answer> answer) {
                         EXPECT_TRUE(rack_.loops[0].is_current());
                         promise.set_value(std::move(answer));
                       });
    });
    return future.get();
  }
  accounts::PrincipalRef reader() {
    return std::make_shared<accounts::Principal>(accounts::Principal{
        .account = "acc_one", .key_id = "k", .scopes = {accounts::Scope::kKeysRead}, .limits = nullptr});
  }
  testing::Rack rack_{
      {testing::make_tool("fake", {{.name = "echo", .handler = std::make_shared<testing::InstantSkill>()}})}};
};

TEST_F(RunnerTest, WantsTheOperationsScope) {
  const auto refused = run("create_api_key", "{}", reader());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::ErrorCode::kInsufficientScope);
  EXPECT_TRUE(run("list_api_keys", "{}", reader()));
}

TEST_F(RunnerTest, LetsAnybodyUseWhatIsOpen) {
  EXPECT_TRUE(run("list_tools", "{}", rack_.anonymous));
  const auto refused = run("list_api_keys", "{}", rack_.anonymous);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::ErrorCode::kAuthRequired);
}

TEST_F(RunnerTest, ChecksTheInputBeforeTheOperationSeesIt) {
  const auto refused = run("create_api_key", R"({"name":"","expires_in_days":0,"x":1})", rack_.local);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::ErrorCode::kInvalidRequest);
  EXPECT_EQ(parsed(refused.error().details_json()).Size(), 3u);
}

TEST_F(RunnerTest, RunsWhatWaitsForTheStoreOffTheLoop) {
  const auto made = run("create_api_key", R"({"name":"ci","expires_in_days":1})", rack_.local);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->http_status, 201);
  const auto body = parsed(made->view());
  EXPECT_NE(at(body, "/expires_at"), "null");
  const auto listed = run("list_api_keys", "{}", rack_.local);
  EXPECT_EQ(at(parsed(listed->view()), "/keys/0/name"), "ci");
}

TEST_F(RunnerTest, FindsToolsByWordsAndLists) {
  EXPECT_EQ(at(parsed(run("discover", R"({"query":"fake"})", rack_.local)->view()), "/tools/0/name"), "fake");
  EXPECT_EQ(at(parsed(run("discover", R"({"query":"zebra"})", rack_.local)->view()), "/total"), "0");
  EXPECT_EQ(at(parsed(run("discover", R"({"query":"*"})", rack_.local)->view()), "/total"), "1");
}

TEST_F(RunnerTest, SaysThatItStopsWhenThePoolHas) {
  rack_.pool.stop();
  const auto refused = run("list_plugins", "{}", rack_.local);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace toolrack::operations
