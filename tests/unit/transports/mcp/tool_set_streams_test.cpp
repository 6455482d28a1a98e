/// Streams of keys with tool sets: what their key does not see they are not told of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "support/offering_tool.hpp"
#include "support/patience.hpp"
#include "tool_sets_fixture.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ToolSetStreamsTest : public ToolSetsTest {
 protected:
  net::RawClient listen(const std::string& key, std::string& heard) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request(
        "POST", "/mcp?expose=flat", with(modern_headers("subscriptions/listen"), key),
        modern_body("1", "subscriptions/listen",
                    R"("notifications":{"toolsListChanged":true,"resourcesListChanged":true},)")));
    read_until(client, heard, "acknowledged");
    return client;
  }
  static bool read_until(net::RawClient& client, std::string& heard, std::string_view what) {
    while (heard.find(what) == std::string::npos)
      if (!client.read_more(heard)) return false;
    return true;
  }
  std::string id_of(const std::string& key) { return key.substr(8, 16); }
  net::RawClient open_get(const std::string& key, const std::string& session, std::string& heard) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("GET", "/mcp?expose=flat", with(legacy_headers(session), key), ""));
    read_until(client, heard, "\r\n\r\n");
    return client;
  }
  void updated(const std::string& uri) {
    auto news = std::make_shared<News>();
    news->resources.emplace(uri, "");
    rack_.front.mcp.pass_on(news);
  }
  void narrow(const std::string& key, std::string_view patterns) {
    ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(key), {.name = {}, .tools = set_of(patterns)}));
  }
};

TEST_F(ToolSetStreamsTest, AreToldOfNoResourceThatTheirKeySeesNoMore) {
  rack_.rack.publish({fake_.make(), testing::offering_tool()});
  const auto secret = key(R"(["offers"])");
  std::string heard;
  auto client = net::RawClient::tcp(rack_.port);
  client.send(testing::http_request(
      "POST", "/mcp", with(modern_headers("subscriptions/listen"), secret),
      modern_body("1", "subscriptions/listen", R"("notifications":{"resourceSubscriptions":["test://text"]},)")));
  ASSERT_TRUE(read_until(client, heard, R"("resourceSubscriptions":["test://text"])"));
  const auto session = open_session("2025-06-18", {{"Authorization", "Bearer " + secret}});
  std::string heard_too;
  auto legacy = open_get(secret, session, heard_too);
  testing::exchange(rack_.port, "POST", "/mcp", with(legacy_headers(session), secret),
                    R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://text"}})");
  updated("test://text");
  ASSERT_TRUE(read_until(client, heard, "resources/updated")) << "the control";
  ASSERT_TRUE(read_until(legacy, heard_too, "resources/updated"));
  narrow(secret, R"(["fake"])");
  heard.clear();
  heard_too.clear();
  updated("test://text");
  settle();
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client, heard, "\"resultType\""));
  while (legacy.read_more(heard_too)) {
    if (heard_too.ends_with("0\r\n\r\n")) break;
  }
  EXPECT_THAT(heard, Not(HasSubstr("resources/updated")));
  EXPECT_THAT(heard_too, Not(HasSubstr("resources/updated")));
}

TEST_F(ToolSetStreamsTest, EndWithTheirKeyAndNoOther) {
  const auto revoked = key(R"(["other"])"), another = key(R"(["other"])");
  const auto session = open_session("2025-06-18", {{"Authorization", "Bearer " + revoked}});
  std::string heard, heard_get, heard_other;
  auto client = listen(revoked, heard);
  auto get = open_get(revoked, session, heard_get);
  auto other_client = listen(another, heard_other);
  ASSERT_TRUE(rack_.rack.keys->revoke("acc_one", id_of(revoked)));
  EXPECT_TRUE(read_until(client, heard, "\"resultType\"")) << "a listen request has its answer";
  EXPECT_TRUE(read_until(get, heard_get, "0\r\n\r\n")) << "a session's stream ends";
  rack_.rack.publish({fake_.make()});
  rack_.front.mcp.look_again();
  EXPECT_TRUE(read_until(other_client, heard_other, "list_changed")) << "others go on";
  EXPECT_THAT(heard, Not(HasSubstr("list_changed")));
}

/// A listen request looks for its tasks in the store first: its key may go meanwhile.
TEST_F(ToolSetStreamsTest, EndWithTheirKeyAlsoWhenItWentBeforeTheyBegan) {
  const auto secret = key(R"(["other"])");
  std::promise<void> release;
  auto released = release.get_future().share();
  for (int i = 0; i < 4; ++i) rack_.rack.pool.post([released] { released.wait(); });  // As many as it has threads.
  const auto wait_until_queued = [&](std::size_t tasks) {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    while (rack_.rack.pool.queued() != tasks && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(rack_.rack.pool.queued(), tasks);
  };
  wait_until_queued(0);
  auto client = net::RawClient::tcp(rack_.port);
  client.send(testing::http_request(
      "POST", "/mcp", with(modern_headers("subscriptions/listen"), secret),
      R"({"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["none"]},)"
      R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":)"
      R"({"extensions":{"io.modelcontextprotocol/tasks":{}}}}}})"));
  wait_until_queued(1);
  EXPECT_TRUE(rack_.rack.keys->revoke("acc_one", id_of(secret)));
  release.set_value();
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 401);
}

TEST_F(ToolSetStreamsTest, AreToldOfAnotherSetWhenItShowsSomethingElse) {
  const auto changed = key(R"(["other"])"), same = key(R"(["other"])"), rewritten = key(R"(["other"])");
  std::string heard, heard_same, heard_rewritten;
  auto client = listen(changed, heard);
  auto client_same = listen(same, heard_same);
  auto client_rewritten = listen(rewritten, heard_rewritten);
  // Says the same in other words, and nobody else's set changes.
  ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(rewritten), {.name = {}, .tools = set_of(R"(["other.*"])")}));
  ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(changed), {.name = {}, .tools = set_of(R"(["other.one"])")}));
  ASSERT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
  EXPECT_THAT(heard, Not(HasSubstr("resources/list_changed")));
  // What the others hear first is the end of their stream.
  settle();
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client_same, heard_same, "\"resultType\""));
  ASSERT_TRUE(read_until(client_rewritten, heard_rewritten, "\"resultType\""));
  EXPECT_THAT(heard_same, Not(HasSubstr("list_changed")));
  EXPECT_THAT(heard_rewritten, Not(HasSubstr("list_changed")));
}

TEST_F(ToolSetStreamsTest, AreToldOfTheToolsThatTheirKeySees) {
  std::string heard, heard_without;
  auto client = listen(key(R"(["more","other"])"), heard);
  auto client_without = listen(key(R"(["other"])"), heard_without);
  rack_.rack.publish({fake_.make(), other(), testing::make_tool("more", {{.name = "x", .handler = fake_.echo}})});
  rack_.front.mcp.look_again();
  ASSERT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
  settle();
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client_without, heard_without, "\"resultType\""));
  EXPECT_THAT(heard_without, Not(HasSubstr("list_changed")));
}

TEST_F(ToolSetStreamsTest, AreToldWhatAToolSaysOfItsListWhenTheirKeySeesIt) {
  std::string heard, heard_without;
  auto client = listen(key(R"(["other"])"), heard);
  auto client_without = listen(key(R"(["fake"])"), heard_without);
  auto news = std::make_shared<News>();
  news->lists.emplace(registry::DynamicList::kResources, "test/other@1.0.0", "");
  rack_.front.mcp.pass_on(news);
  ASSERT_TRUE(read_until(client, heard, "notifications/resources/list_changed"));
  settle();
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client_without, heard_without, "\"resultType\""));
  EXPECT_THAT(heard_without, Not(HasSubstr("list_changed")));
}

TEST_F(ToolSetStreamsTest, GoOnWithTheNewSetAfterItWasChanged) {
  const auto secret = key(R"(["fake"])");
  std::string heard;
  auto client = listen(secret, heard);
  ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(secret), {.name = {}, .tools = set_of(R"(["more"])")}));
  ASSERT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
  heard.clear();
  rack_.rack.publish({fake_.make(), testing::make_tool("more", {{.name = "x", .handler = fake_.echo}})});
  rack_.front.mcp.look_again();
  EXPECT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
}

}  // namespace
}  // namespace toolrack::mcp
