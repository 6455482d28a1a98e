/// Streams of news over HTTP: subscriptions/listen, and what GET opens in a session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp_fixture.hpp"
#include "support/raw_client.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StreamsTest : public McpTest {
 protected:
  /// Opens a listen stream with that filter; reads until the acknowledgement is there.
  net::RawClient listen(std::string_view id, std::string_view filter, const std::string& query = "") {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request(
        "POST", "/mcp" + query, modern_headers("subscriptions/listen"),
        modern_body(id, "subscriptions/listen", R"("notifications":)" + std::string(filter) + ",")));
    heard_.clear();
    read_until(client, "acknowledged");
    return client;
  }
  net::RawClient open_get(const std::string& session) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("GET", "/mcp?expose=flat", legacy_headers(session), ""));
    heard_.clear();
    read_until(client, "\r\n\r\n");
    return client;
  }
  /// False when the stream ends first, or nothing comes any more.
  bool read_until(net::RawClient& client, std::string_view what) {
    while (heard_.find(what) == std::string::npos)
      if (!client.read_more(heard_)) return false;
    return true;
  }
  /// Another catalogue: with a second tool, or without.
  void publish(bool with_second) {
    std::vector<std::shared_ptr<const registry::Tool>> tools{fake_.make()};
    if (with_second) tools.push_back(testing::make_tool("second", {{.name = "echo", .handler = fake_.echo}}));
    rack_.rack.publish(std::move(tools));
    rack_.front.mcp.look_again();
  }
  /// A tool says that its list has changed.
  void tell(registry::DynamicList list, const std::string& tool, const std::string& account = "") {
    auto news = std::make_shared<News>();
    news->lists.emplace(list, tool, account);
    rack_.front.mcp.pass_on(news);
    settle();
  }
  /// How often a list's change was told on it, up to its end, which `end_streams` has brought.
  std::size_t times_told(net::RawClient& client) {
    heard_.clear();
    EXPECT_TRUE(read_until(client, "\"result\"")) << heard_;
    std::size_t count = 0;
    for (auto at = heard_.find("list_changed"); at != std::string::npos; at = heard_.find("list_changed", at + 1))
      ++count;
    return count;
  }

  std::string heard_;
};

TEST_F(StreamsTest, AcknowledgeFirstAndNameTheSubscriptionInItsOwnType) {
  auto number = listen("7", R"({"toolsListChanged":true})");
  EXPECT_THAT(heard_, HasSubstr(R"("method":"notifications/subscriptions/acknowledged")"));
  EXPECT_THAT(heard_, HasSubstr(R"("notifications":{"toolsListChanged":true})"));
  EXPECT_THAT(heard_, HasSubstr(R"("io.modelcontextprotocol/subscriptionId":7)"));
  auto text = listen(R"("seven")", R"({"toolsListChanged":true})");
  EXPECT_THAT(heard_, HasSubstr(R"("io.modelcontextprotocol/subscriptionId":"seven")"));
}

TEST_F(StreamsTest, AcknowledgeOnlyWhatIsServedAndAskedFor) {
  auto client = listen("1", R"({"toolsListChanged":false,"somethingLater":true})");
  EXPECT_THAT(heard_, HasSubstr(R"("notifications":{})"));
}

TEST_F(StreamsTest, TellOfAListThatShowsSomethingElse) {
  auto client = listen("1", R"({"toolsListChanged":true})", "?expose=flat");
  publish(true);
  ASSERT_TRUE(read_until(client, "list_changed"));
  EXPECT_THAT(heard_, HasSubstr(R"("method":"notifications/tools/list_changed")"));
  EXPECT_THAT(heard_, HasSubstr(R"({"_meta":{"io.modelcontextprotocol/subscriptionId":1}})"));
}

TEST_F(StreamsTest, SayNothingWhenTheListIsTheSame) {
  auto all = listen("2", R"({"toolsListChanged":true})", "?expose=flat");
  auto same = listen("1", R"({"toolsListChanged":true})", "?expose=flat&tools=fake");
  for (const bool with_second : {true, false}) {  // Another tool, which that exposure does not show.
    publish(with_second);
    settle();
  }
  rack_.front.mcp.end_streams();
  EXPECT_EQ(times_told(all), 2U) << "the control";
  EXPECT_EQ(times_told(same), 0U);
}

TEST_F(StreamsTest, EndWithTheAnswerToTheirRequest) {
  auto client = listen("\"a\"", R"({"toolsListChanged":true})");
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client, "\"result\""));
  EXPECT_THAT(heard_, HasSubstr(R"("id":"a","result":{"resultType":"complete","_meta":{)"));
}

TEST_F(StreamsTest, EndAtOnceWhenTheGatewayIsEnding) {
  rack_.front.mcp.end_streams();
  settle();
  auto client = listen("1", R"({"toolsListChanged":true})");
  EXPECT_TRUE(read_until(client, "\"result\""));
}

TEST_F(StreamsTest, RefuseAFilterOfTheWrongShapeByNamingIt) {
  for (const std::string_view filter : {R"({"toolsListChanged":"yes"})", R"({"resourceSubscriptions":"x:y"})",
                                        R"({"resourceSubscriptions":[1]})", "[]"}) {
    const auto reply =
        testing::exchange(rack_.port, "POST", "/mcp", modern_headers("subscriptions/listen"),
                          modern_body("1", "subscriptions/listen", R"("notifications":)" + std::string(filter) + ","));
    EXPECT_THAT(reply.body, HasSubstr("-32602")) << filter;
    EXPECT_THAT(reply.body, HasSubstr("notifications")) << filter;
  }
}

TEST_F(StreamsTest, OfASessionTellOfListsWithoutASubscription) {
  auto client = open_get(open_session());
  publish(true);
  ASSERT_TRUE(read_until(client, "list_changed"));
  EXPECT_THAT(heard_, HasSubstr(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"));
}

TEST_F(StreamsTest, OfASessionAreOpenOnceAtATime) {
  const auto session = open_session();
  auto first = open_get(session);
  const auto second = testing::exchange(rack_.port, "GET", "/mcp", legacy_headers(session), "");
  EXPECT_EQ(second.status, 409);
  rack_.front.mcp.end_streams();
  read_until(first, "0\r\n\r\n");
  settle();
  EXPECT_TRUE(rack_.front.states->open_stream(Sessions::key_of(session))) << "the place is free again";
}

TEST_F(StreamsTest, OfASessionEndWithTheSession) {
  const auto session = open_session(), other = open_session();
  auto lasting = open_get(other);
  auto ending = open_get(session);
  EXPECT_EQ(testing::exchange(rack_.port, "DELETE", "/mcp", legacy_headers(session), "").status, 204);
  ASSERT_TRUE(read_until(ending, "0\r\n\r\n")) << heard_;
  EXPECT_EQ(testing::exchange(rack_.port, "GET", "/mcp", legacy_headers(session), "").status, 404);
  heard_.clear();
  publish(true);
  EXPECT_TRUE(read_until(lasting, "list_changed")) << "another session's goes on";
}

TEST_F(StreamsTest, OfASessionNeedTheSessionAndAnAcceptThatAllowsThem) {
  EXPECT_EQ(testing::exchange(rack_.port, "GET", "/mcp", base_headers(), "").status, 405);
  EXPECT_EQ(testing::exchange(rack_.port, "GET", "/mcp", legacy_headers("unknown"), "").status, 404);
  auto headers = legacy_headers(open_session());
  for (auto& [name, value] : headers)
    if (name == "Accept") value = "application/json";
  EXPECT_EQ(testing::exchange(rack_.port, "GET", "/mcp", headers, "").status, 406);
}

TEST_F(StreamsTest, TellNewsOfToolsToWhomItConcerns) {
  using registry::DynamicList;
  auto client = listen("1", R"({"toolsListChanged":true})", "?expose=flat");
  tell(DynamicList::kSkills, "test/fake@1.0.0", "somebody else");
  tell(DynamicList::kSkills, "test/fake@1.0.0", "local");
  rack_.front.mcp.end_streams();
  EXPECT_EQ(times_told(client), 1U);
}

TEST_F(StreamsTest, TellNewsOfAToolWhereItIsShown) {
  publish(true);
  settle();
  const std::vector<std::pair<std::string, std::size_t>> rows{{"?expose=flat", 1},
                                                              {"?expose=flat&tools=second", 1},
                                                              {"?expose=flat&tools=second@1.0.0", 1},
                                                              {"?expose=flat&tools=fake", 0},
                                                              {"", 0},
                                                              {"?tools=second", 0}};
  std::vector<net::RawClient> clients;
  for (const auto& [query, told] : rows) clients.push_back(listen("1", R"({"promptsListChanged":true})", query));
  for (const auto* tool : {"test/second@1.0.0", "test/second@9.0.0", "test/secon@1.0.0", "other/fake@1.0.0"})
    tell(registry::DynamicList::kPrompts, tool);
  rack_.front.mcp.end_streams();
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(times_told(clients[i]), rows[i].second) << rows[i].first;
}

}  // namespace
}  // namespace toolrack::mcp
