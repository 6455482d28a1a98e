/// Following resources, in both eras: who is told what, and what the tool hears of it.
#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <future>

#include "base/mutex.hpp"
#include "mcp_fixture.hpp"
#include "support/offering_tool.hpp"
#include "support/raw_client.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SubscriptionsTest : public McpTest {
 protected:
  SubscriptionsTest() {
    auto handler = std::make_shared<testing::InstantSkill>([this](const registry::Invocation& asked) {
      if (asked.skill->kind == registry::Kind::kSubscribe) note("follow " + std::string(asked.name));
      if (asked.skill->kind == registry::Kind::kUnsubscribe) note("leave " + std::string(asked.name));
      return testing::offered(asked);
    });
    rack_.rack.publish({fake_.make(), testing::offering_tool(handler)});
  }
  ~SubscriptionsTest() override {
    // The tool hears of the last one that leaves, and tells it to us.
    rack_.front.mcp.end_streams();
    settle();
  }
  void note(std::string what) {
    base::Lock lock(mutex_);
    told_.push_back(std::move(what));
  }
  std::vector<std::string> told() {
    base::Lock lock(mutex_);
    return told_;
  }
  std::string legacy(const std::string& session, const std::string& method, const std::string& uri) {
    return testing::exchange(
               rack_.port, "POST", "/mcp", legacy_headers(session),
               R"({"jsonrpc":"2.0","id":1,"method":"resources/)" + method + R"(","params":{"uri":")" + uri + "\"}}")
        .body;
  }
  net::RawClient listen(const std::string& id, const std::string& uris, std::string& heard) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request(
        "POST", "/mcp", modern_headers("subscriptions/listen"),
        modern_body(id, "subscriptions/listen", R"("notifications":{"resourceSubscriptions":)" + uris + "},")));
    read(client, heard, "acknowledged");
    return client;
  }
  net::RawClient open_get(const std::string& session, std::string& heard) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("GET", "/mcp", legacy_headers(session), ""));
    read(client, heard, "\r\n\r\n");
    return client;
  }
  static bool read(net::RawClient& client, std::string& heard, std::string_view what) {
    while (heard.find(what) == std::string::npos)
      if (!client.read_more(heard)) return false;
    return true;
  }
  void updated(const std::string& uri) {
    auto news = std::make_shared<News>();
    news->resources.emplace(uri, "");
    rack_.front.mcp.pass_on(news);
  }
  void settle() {
    std::promise<void> done;
    boost::asio::post(rack_.rack.loops[0].context(), [&] { done.set_value(); });
    done.get_future().wait();
  }

  base::Mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(SubscriptionsTest, AListeningClientHearsOfWhatItFollowsAndOfNothingElse) {
  std::string heard;
  auto client = listen("9", R"(["test://text","test://nowhere"])", heard);
  EXPECT_THAT(heard, HasSubstr(R"("resourceSubscriptions":["test://text"])")) << "what is not there is not honoured";
  updated("test://bytes");
  updated("test://text");
  ASSERT_TRUE(read(client, heard, "resources/updated"));
  EXPECT_THAT(heard,
              HasSubstr(R"("params":{"uri":"test://text","_meta":{"io.modelcontextprotocol/subscriptionId":9}})"));
  EXPECT_THAT(heard, Not(HasSubstr("test://bytes")));
}

TEST_F(SubscriptionsTest, ASessionHearsOfWhatItFollowsUntilItLeavesIt) {
  const auto session = open_session();
  std::string heard;
  auto client = open_get(session, heard);
  EXPECT_EQ(legacy(session, "subscribe", "test://text"), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  updated("test://text");
  ASSERT_TRUE(read(client, heard, "resources/updated"));
  EXPECT_THAT(heard, HasSubstr(R"("params":{"uri":"test://text"}})"));
  EXPECT_EQ(legacy(session, "unsubscribe", "test://text"), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  heard.clear();
  updated("test://text");
  settle();
  rack_.front.mcp.end_streams();
  read(client, heard, "0\r\n\r\n");  // The last chunk.
  EXPECT_THAT(heard, Not(HasSubstr("resources/updated")));
}

TEST_F(SubscriptionsTest, TheToolHearsOfTheFirstFollowerAndOfTheLast) {
  const auto session = open_session();
  legacy(session, "subscribe", "test://text");
  std::string heard;
  auto client = listen("1", R"(["test://text"])", heard);
  EXPECT_THAT(told(), ElementsAre("follow test://text"));
  legacy(session, "unsubscribe", "test://text");
  EXPECT_THAT(told(), ElementsAre("follow test://text"));
  client.close();
  while (told().size() < 2) std::this_thread::yield();
  EXPECT_THAT(told(), ElementsAre("follow test://text", "leave test://text"));
}

TEST_F(SubscriptionsTest, ASessionThatEndsLeavesEverything) {
  const auto session = open_session();
  legacy(session, "subscribe", "test://text");
  EXPECT_EQ(testing::exchange(rack_.port, "DELETE", "/mcp", legacy_headers(session), "").status, 204);
  EXPECT_THAT(told(), ElementsAre("follow test://text", "leave test://text"));
}

TEST_F(SubscriptionsTest, ToWhatIsNotThereAreRefused) {
  const auto session = open_session();
  EXPECT_THAT(legacy(session, "subscribe", "test://nowhere"), HasSubstr("test://nowhere"));
  EXPECT_THAT(legacy(session, "subscribe", "test://nowhere"), HasSubstr("\"error\""));
  EXPECT_TRUE(told().empty());
}

TEST_F(SubscriptionsTest, AreTheSessionsOwnBusiness) {
  auto headers = base_headers();
  const auto reply =
      testing::exchange(rack_.port, "POST", "/mcp", headers,
                        R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://text"}})");
  EXPECT_THAT(reply.body, HasSubstr("session"));
  const auto modern = testing::exchange(rack_.port, "POST", "/mcp", modern_headers("resources/subscribe"),
                                        modern_body("1", "resources/subscribe", R"("uri":"test://text",)"));
  EXPECT_EQ(modern.status, 404) << "2026-07-28 has subscriptions/listen";
}

}  // namespace
}  // namespace toolrack::mcp
