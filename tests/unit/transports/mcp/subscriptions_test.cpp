/// Following resources, in both eras: who is told what, and what the tool hears of it.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "base/mutex.hpp"
#include "mcp_fixture.hpp"
#include "support/offering_tool.hpp"
#include "support/patience.hpp"
#include "support/raw_client.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SubscriptionsTest : public McpTest {
 protected:
  explicit SubscriptionsTest(testing::RackOptions options = {}) : McpTest(options) { load(); }
  /// Other code of the tool is in place, as after a reload.
  void load() {
    auto handler = std::make_shared<testing::InstantSkill>([this](const registry::Invocation& asked) {
      if (asked.skill->kind == registry::Kind::kSubscribe) note("follow " + std::string(asked.name));
      if (asked.skill->kind == registry::Kind::kUnsubscribe) note("leave " + std::string(asked.name));
      return testing::offered(asked);
    });
    rack_.rack.publish({fake_.make(), testing::offering_tool(handler)});
    rack_.front.mcp.look_again();
  }
  ~SubscriptionsTest() override {
    // From here on the tool, which tells it to us, hears of nobody who leaves.
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
  /// As many things as that, in their time.
  std::vector<std::string> told(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    while (told().size() < count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return told();
  }
  /// With the key, when there is one.
  testing::HeaderList keyed(testing::HeaderList headers) const {
    if (!key_.empty()) headers.emplace_back("Authorization", "Bearer " + key_);
    return headers;
  }
  std::string legacy(const std::string& session, const std::string& method, const std::string& uri) {
    return testing::exchange(
               rack_.port, "POST", "/mcp", keyed(legacy_headers(session)),
               R"({"jsonrpc":"2.0","id":1,"method":"resources/)" + method + R"(","params":{"uri":")" + uri + "\"}}")
        .body;
  }
  net::RawClient listen(const std::string& id, const std::string& uris, std::string& heard) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request(
        "POST", "/mcp", keyed(modern_headers("subscriptions/listen")),
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

  std::string key_;
  base::Mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(SubscriptionsTest, AListeningClientHearsOfWhatItFollowsAndOfNothingElse) {
  std::string heard;
  auto client = listen("9", R"(["test://text","test://nowhere"])", heard);
  EXPECT_THAT(heard, HasSubstr(R"("resourceSubscriptions":["test://text"])")) << "what is not there is not honoured";
  updated("test://bytes");
  updated("test://text");
  settle();
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read(client, heard, "\"resultType\""));
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
  EXPECT_THAT(told(2), ElementsAre("follow test://text", "leave test://text"));
}

TEST_F(SubscriptionsTest, ASessionThatEndsLeavesEverything) {
  const auto session = open_session();
  legacy(session, "subscribe", "test://text");
  EXPECT_EQ(testing::exchange(rack_.port, "DELETE", "/mcp", legacy_headers(session), "").status, 204);
  EXPECT_THAT(told(), ElementsAre("follow test://text", "leave test://text"));
}

TEST_F(SubscriptionsTest, ASessionThatExpiresLeavesEverything) {
  legacy(open_session(), "subscribe", "test://text");
  rack_.session_clock.advance(std::chrono::seconds(Sessions::kLifetimeSeconds + 1));
  rack_.front.mcp.sweep();
  EXPECT_THAT(told(2), ElementsAre("follow test://text", "leave test://text"));
}

TEST_F(SubscriptionsTest, AToolThatIsLoadedAnewHearsOfItsFollowersAgain) {
  std::string heard;
  auto client = listen("1", R"(["test://text"])", heard);
  ASSERT_EQ(told(1).size(), 1u);
  rack_.rack.publish({fake_.make()});
  rack_.front.mcp.look_again();
  load();
  EXPECT_THAT(told(2), ElementsAre("follow test://text", "follow test://text"));
}

TEST_F(SubscriptionsTest, AToolWhoseProcessBeganAnewHearsOfItsFollowersAgain) {
  std::string heard;
  auto client = listen("1", R"(["test://text"])", heard);
  ASSERT_EQ(told(1).size(), 1u);
  auto news = std::make_shared<News>();
  news->begun_anew.emplace("test/offers@1.0.0");
  rack_.front.mcp.pass_on(news);
  EXPECT_THAT(told(2), ElementsAre("follow test://text", "follow test://text"));
}

/// What is followed is kept: how much of it is the session's to say only up to a point.
TEST_F(SubscriptionsTest, OfASessionAreBoundedInTheirLengths) {
  const auto session = open_session();
  const auto uri = [](int number, std::size_t size) {
    auto text = "test://files/" + std::to_string(number) + "/";
    return text + std::string(size - text.size(), 'a');
  };
  const auto refused = legacy(session, "subscribe", uri(0, 2'001));
  EXPECT_THAT(refused, HasSubstr("-32602"));
  EXPECT_THAT(refused, HasSubstr("params.uri has 2001 bytes; it may have 2000 at most"));
  EXPECT_THAT(legacy(session, "subscribe", uri(0, 2'000)), HasSubstr(R"("result":{})"));
  std::string last;
  int kept = 1;
  for (; kept < 100; ++kept) {
    last = legacy(session, "subscribe", uri(kept, 2'000));
    if (last.find("error") != std::string::npos) break;
  }
  EXPECT_EQ(kept, 32) << "64 KiB";
  EXPECT_THAT(last, HasSubstr("have 65536 bytes together at most; unsubscribe from one"));
  EXPECT_EQ(told().size(), 32u) << "tools hear of none that was refused";
  EXPECT_THAT(legacy(session, "subscribe", uri(0, 2'000)), HasSubstr(R"("result":{})")) << "it is followed already";
  legacy(session, "unsubscribe", uri(0, 2'000));
  EXPECT_THAT(legacy(session, "subscribe", uri(99, 2'000)), HasSubstr(R"("result":{})"));
}

TEST_F(SubscriptionsTest, OfAStreamAreBoundedInTheirLengths) {
  const auto listen_to = [&](std::size_t count, std::size_t size) {
    std::string uris;
    for (std::size_t i = 0; i < count; ++i)
      uris += (i == 0 ? "\"" : ",\"") + std::to_string(i) + std::string(size - 2, 'a') + "\"";
    return testing::exchange(
               rack_.port, "POST", "/mcp", modern_headers("subscriptions/listen"),
               modern_body("1", "subscriptions/listen", R"("notifications":{"resourceSubscriptions":[)" + uris + "]},"))
        .body;
  };
  EXPECT_THAT(listen_to(1, 2'010), HasSubstr("params.notifications.resourceSubscriptions[] has"));
  EXPECT_THAT(listen_to(50, 1'900), HasSubstr("65536 bytes together"));
}

TEST_F(SubscriptionsTest, ToLeaveWhatIsNotFollowedKeepsNothing) {
  const auto session = open_session();
  EXPECT_EQ(legacy(session, "unsubscribe", "test://text"), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  EXPECT_FALSE(rack_.front.states->find(Sessions::key_of(session)));
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

/// Where some have keys and others have none.
class HostedSubscriptionsTest : public SubscriptionsTest {
 protected:
  HostedSubscriptionsTest() : SubscriptionsTest({.mode = call::Mode::kHosted}) {}
};

TEST_F(HostedSubscriptionsTest, AStrangerWhoComesFirstDoesNotKeepTheToolFromHearing) {
  std::string heard, heard_too;
  auto stranger = listen("1", R"(["test://text"])", heard);
  EXPECT_TRUE(told().empty()) << "a stranger may call nothing";
  key_ = rack_.rack.make_key();
  auto client = listen("2", R"(["test://text"])", heard_too);
  EXPECT_THAT(told(1), ElementsAre("follow test://text"));
  updated("test://text");
  EXPECT_TRUE(read(stranger, heard, "resources/updated")) << "the stranger hears what others have the tool look for";
}

TEST_F(HostedSubscriptionsTest, StrangersMayFollowInSessions) {
  const auto session = open_session();
  EXPECT_EQ(legacy(session, "subscribe", "test://text"), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  std::string heard;
  auto client = open_get(session, heard);
  updated("test://text");
  EXPECT_TRUE(read(client, heard, "resources/updated"));
}

TEST_F(HostedSubscriptionsTest, WhatAKeyMayNotTellTheNextOneDoes) {
  std::string heard, heard_too;
  key_ = rack_.rack.make_key("acc_one", {accounts::Scope::kToolsRead});
  auto one = listen("1", R"(["test://text"])", heard);
  EXPECT_TRUE(told().empty()) << "it may not call";
  key_ = rack_.rack.make_key();
  auto other = listen("2", R"(["test://text"])", heard_too);
  EXPECT_THAT(told(1), ElementsAre("follow test://text"));
}

}  // namespace
}  // namespace toolrack::mcp
