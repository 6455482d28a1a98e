#include <algorithm>
#include <atomic>
#include <functional>

#include "bridge_fixture.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::stdio {
namespace {

using test::RecordedRequest;
using test::Reply;
using test::ScriptedHttpServer;

constexpr std::string_view kAgreed =
    R"({"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"g","version":"1"}})";

std::string method_of(const RecordedRequest& request) {
  const auto body = base::json::parse(request.body);
  return body ? std::string(base::json::find_string(*body, "method").value_or("")) : "";
}

/// A gateway that opens sessions S1, S2 ... and knows only the newest.
class LegacyBridge : public testing::Test {
 protected:
  LegacyBridge() {
    server_.on("/mcp", [this](const RecordedRequest& request) { return serve(request); });
  }
  Reply serve(const RecordedRequest& request) {
    if (request.method == "GET" && !request.header("last-event-id").empty()) return rest_(request);
    if (request.method == "GET") {
      const int number = ++streams_;
      streams_.notify_all();
      return news_(number);
    }
    const auto method = method_of(request);
    if (method == "initialize") {
      const auto number = ++opened_;
      if (number > may_open_) return Reply::text("no", 500);
      return Reply::json(result("0", kAgreed)).header("Mcp-Session-Id", "S" + std::to_string(number));
    }
    if (request.header("mcp-session-id") != "S" + std::to_string(opened_.load()) || forgets_)
      return Reply::json(R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"there is no such session"}})", 404);
    const auto body = base::json::parse(request.body);
    const auto* id = base::json::find(*body, "id");
    if (id == nullptr || method.empty()) return Reply::text("", 202);
    if (method == "polled")
      return Reply::chunked(
                 {"id: a-0\ndata: \n\n", "event: message\nid: a-1\ndata: {\"first\":true}\n\n", "retry: 60\n\n"})
          .header("Content-Type", "text/event-stream");
    if (method == "polled later")
      return Reply::chunked({"id: b-0\ndata: \n\n", "retry: 400\n\n"}).header("Content-Type", "text/event-stream");
    auto reply = Reply::json(result(base::json::dump(*id)));
    return method == "slow" ? Reply::held(std::move(reply)) : reply;
  }
  Endpoint endpoint() { return {.url = server_.url("/mcp"), .socket_path = "", .key = ""}; }
  void open(PipedBridge& bridge) {
    bridge.send(kInitialize);
    EXPECT_EQ(bridge.line(), result("0", kAgreed));
    bridge.send(kInitialized);
  }
  /// The same, and the gateway has answered everything.
  void open_wholly(PipedBridge& bridge) {
    open(bridge);
    bridge.send(legacy("9", "ping"));
    EXPECT_EQ(bridge.line(), result("9"));
  }
  /// What came beside the stream for news, which is opened at a time of its own.
  std::vector<RecordedRequest> posts() {
    auto all = server_.requests();
    std::erase_if(all, [](const auto& request) { return request.method == "GET"; });
    return all;
  }
  std::vector<std::string> methods() {
    std::vector<std::string> all;
    for (const auto& request : posts()) all.push_back(method_of(request));
    return all;
  }
  using Methods = std::vector<std::string>;

  std::atomic<int> opened_{0}, may_open_{100};
  std::atomic<bool> forgets_{false};
  std::atomic<int> streams_{0};
  /// Answers the stream of that number, from 1.
  std::function<Reply(int)> news_ = [](int) { return Reply::text("", 405); };
  /// Answers who comes back for the rest of a stream.
  std::function<Reply(const RecordedRequest&)> rest_ = [](const RecordedRequest&) { return Reply::text("", 405); };
  ScriptedHttpServer server_;
};

TEST_F(LegacyBridge, SendsSessionAndVersionFromTheHandshakeOn) {
  PipedBridge bridge(endpoint());
  open(bridge);
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1"));
  const auto requests = posts();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_FALSE(requests[0].has_header("mcp-session-id"));
  EXPECT_FALSE(requests[0].has_header("mcp-protocol-version"));
  for (const auto& request : {requests[1], requests[2]}) {
    EXPECT_EQ(request.header("mcp-session-id"), "S1");
    EXPECT_EQ(request.header("mcp-protocol-version"), "2025-06-18");
    EXPECT_FALSE(request.has_header("mcp-method")) << "only modern requests have it";
  }
}

TEST_F(LegacyBridge, LetsLaterLinesWaitForTheHandshake) {
  PipedBridge bridge(endpoint());
  bridge.send_raw(kInitialize + "\n" + kInitialized + "\n" + legacy("1", "tools/list") + "\n" + legacy("2", "ping") +
                  "\n");
  EXPECT_EQ(bridge.line(), result("0", kAgreed)) << "the handshake is answered first";
  bridge.line();
  bridge.line();
  const auto requests = posts();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(method_of(requests[0]), "initialize");
  EXPECT_EQ(method_of(requests[1]), "notifications/initialized");
  EXPECT_EQ(requests[2].header("mcp-session-id"), "S1");
  EXPECT_EQ(requests[3].header("mcp-session-id"), "S1");
}

TEST_F(LegacyBridge, LearnsTheSessionFromAStreamedHandshake) {
  server_.on("/mcp", [this](const RecordedRequest& request) {
    if (method_of(request) != "initialize") return serve(request);
    ++opened_;
    return Reply::chunked({"id: 1\ndata:\n\n", "data: " + result("0", kAgreed) + "\n\n"})
        .header("Content-Type", "text/event-stream")
        .header("Mcp-Session-Id", "S1");
  });
  PipedBridge bridge(endpoint());
  open(bridge);
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1"));
}

TEST_F(LegacyBridge, OpensALostSessionAgainUnnoticed) {
  PipedBridge bridge(endpoint());
  open_wholly(bridge);
  opened_ = 41;  // The gateway was restarted with another key: S1 is nobody's any more.
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_EQ(methods(), (Methods{"initialize", "notifications/initialized", "ping", "tools/list", "initialize",
                                "notifications/initialized", "tools/list"}));
  EXPECT_EQ(posts().at(4).body, kInitialize);
  EXPECT_EQ(posts().at(6).header("mcp-session-id"), "S42");
  EXPECT_TRUE(bridge.ends_silently()) << "the second handshake is not the client's";
}

TEST_F(LegacyBridge, OpensALostSessionOnceForManyRequests) {
  PipedBridge bridge(endpoint());
  open_wholly(bridge);
  opened_ = 41;
  for (int i = 1; i <= 10; ++i) bridge.send(legacy(std::to_string(i), "tools/list"));
  for (int i = 1; i <= 10; ++i) bridge.line();
  EXPECT_EQ(opened_, 42);
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(LegacyBridge, ReportsASessionThatCannotBeOpenedAgain) {
  PipedBridge bridge(endpoint());
  open_wholly(bridge);
  forgets_ = true;
  may_open_ = 1;
  bridge.send(legacy("1", "tools/list"));
  const auto message = bridge.message();
  EXPECT_EQ(text_at(message, "/id"), "1");
  EXPECT_EQ(text_at(message, "/error/code"), "-32603");
  EXPECT_NE(text_at(message, "/error/message").find("500"), std::string::npos);
}

TEST_F(LegacyBridge, GivesUpOnASessionThatIsLostAtOnceAgain) {
  PipedBridge bridge(endpoint());
  open_wholly(bridge);
  forgets_ = true;
  bridge.send(legacy("1", "tools/list"));
  const auto message = bridge.message();
  EXPECT_EQ(text_at(message, "/id"), "1");
  EXPECT_EQ(text_at(message, "/error/message"), "there is no such session");
  EXPECT_EQ(opened_, 2);
}

TEST_F(LegacyBridge, ForwardsACancellationAndDropsTheLateAnswer) {
  PipedBridge bridge(endpoint());
  open(bridge);
  bridge.send(legacy("1", "slow"));
  ASSERT_TRUE(server_.wait_for_requests(4)) << "with the stream for news";
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  ASSERT_TRUE(server_.wait_for_requests(5));
  EXPECT_EQ(posts().at(3).header("mcp-session-id"), "S1");
  server_.release();
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(LegacyBridge, PassesTheClientsResponsesOn) {
  PipedBridge bridge(endpoint());
  open(bridge);
  bridge.send(R"({"jsonrpc":"2.0","id":5,"result":{"roots":[]}})");
  ASSERT_TRUE(server_.wait_for_requests(4)) << "with the stream for news";
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(LegacyBridge, SendsWhatFollowsAFailedHandshake) {
  may_open_ = 0;
  PipedBridge bridge(endpoint());
  bridge.send_raw(kInitialize + "\n" + legacy("1", "tools/list") + "\n");
  EXPECT_EQ(text_at(bridge.message(), "/id"), "0");
  EXPECT_EQ(text_at(bridge.message(), "/id"), "1") << "the next line is not held for ever";
}

/// A stream with one message, which goes on until it is released, or ends.
Reply news(std::string json, bool goes_on) {
  auto event = "event: message\ndata: " + std::move(json) + "\n\n";
  auto reply = goes_on ? Reply::held_between({std::move(event), ":\n\n"}) : Reply::chunked({std::move(event)});
  return std::move(reply).header("Content-Type", "text/event-stream");
}

TEST_F(LegacyBridge, ComesBackForTheAnswerOfACallThatWasLetGoOf) {
  std::atomic<int> asked{0};
  rest_ = [&](const RecordedRequest& request) {
    EXPECT_EQ(request.header("last-event-id"), "a-1");
    EXPECT_EQ(request.header("mcp-session-id"), "S1");
    EXPECT_EQ(request.header("accept"), "text/event-stream");
    EXPECT_EQ(request.body, "");
    // The first time it ends without a word, as where a proxy cuts what is silent.
    if (++asked == 1) return Reply::chunked({"retry: 60\n\n"}).header("Content-Type", "text/event-stream");
    return Reply::chunked({"event: message\nid: a-2\ndata: " + result("3") + "\n\n"})
        .header("Content-Type", "text/event-stream");
  };
  PipedBridge bridge(endpoint());
  open_wholly(bridge);
  bridge.send(legacy("3", "polled"));
  EXPECT_EQ(bridge.line(), R"({"first":true})");
  EXPECT_EQ(bridge.line(), result("3"));
  EXPECT_TRUE(bridge.ends_silently());
  EXPECT_EQ(std::ranges::count(methods(), "polled"), 1) << "the call is not sent again";
  EXPECT_EQ(asked, 2);
}

TEST_F(LegacyBridge, SaysThatACallMayHaveTakenEffectWhenNobodyKnowsItsStream) {
  PipedBridge bridge(endpoint());
  open_wholly(bridge);
  bridge.send(legacy("3", "polled"));
  EXPECT_EQ(bridge.line(), R"({"first":true})");
  const auto failed = bridge.message();
  EXPECT_EQ(text_at(failed, "/id"), "3");
  EXPECT_NE(text_at(failed, "/error/message").find("may or may not have taken effect"), std::string::npos);
  EXPECT_EQ(std::ranges::count(methods(), "polled"), 1);
}

TEST_F(LegacyBridge, HearsWhatNobodyAskedFor) {
  const std::string kChanged = R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";
  news_ = [&](int) { return news(kChanged, true); };
  PipedBridge bridge(endpoint());
  open(bridge);
  EXPECT_EQ(bridge.line(), kChanged);
  for (const auto& request : server_.requests())
    if (request.method == "GET") {
      EXPECT_EQ(request.header("mcp-session-id"), "S1");
      EXPECT_EQ(request.header("accept"), "text/event-stream");
      EXPECT_EQ(request.body, "");
    }
  EXPECT_TRUE(bridge.ends_silently()) << "nobody waits for that stream's end";
  server_.release();
}

TEST_F(LegacyBridge, OpensTheStreamForNewsAgainWhenItEnded) {
  news_ = [&](int number) { return news(R"({"jsonrpc":"2.0","method":"n)" + std::to_string(number) + "\"}", false); };
  PipedBridge bridge(endpoint());
  open(bridge);
  EXPECT_EQ(bridge.line(), R"({"jsonrpc":"2.0","method":"n1"})");
  EXPECT_EQ(bridge.line(), R"({"jsonrpc":"2.0","method":"n2"})");
}

TEST_F(LegacyBridge, AsksOnceWhereNewsAreNotOffered) {
  rest_ = [](const RecordedRequest&) {
    return Reply::chunked({"event: message\nid: b-1\ndata: " + result("1") + "\n\n"})
        .header("Content-Type", "text/event-stream");
  };
  PipedBridge bridge(endpoint());
  open_wholly(bridge);
  streams_.wait(0);  // It asks while other things go on.
  // It comes back for this answer after a longer pause than it makes before it asks for news again.
  bridge.send(legacy("1", "polled later"));
  EXPECT_EQ(bridge.line(), result("1"));
  bridge.send(legacy("2", "ping"));
  EXPECT_EQ(bridge.line(), result("2"));
  EXPECT_TRUE(bridge.ends_silently());
  EXPECT_EQ(streams_, 1);
}

}  // namespace
}  // namespace toolrack::stdio
