#include "transports/stdio/bridge.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <set>

#include "bridge_fixture.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::stdio {
namespace {

using namespace std::chrono_literals;
using test::RecordedRequest;
using test::Reply;
using test::ScriptedHttpServer;

/// The answer that fits a request whose id is a number or a string.
Reply answer(const RecordedRequest& request) {
  const auto body = base::json::parse(request.body);
  const auto* id = body ? base::json::find(*body, "id") : nullptr;
  return id == nullptr ? Reply::text("", 202) : Reply::json(result(base::json::dump(*id)));
}

Reply stream(std::vector<std::string> pieces) {
  return Reply::chunked(std::move(pieces)).header("Content-Type", "text/event-stream");
}

class BridgeTest : public testing::Test {
 protected:
  Endpoint endpoint(std::string key = "") {
    return {.url = server_.url("/mcp"), .socket_path = "", .key = std::move(key)};
  }
  std::string error_message(PipedBridge& bridge) {
    const auto message = bridge.message();
    EXPECT_EQ(text_at(message, "/error/code"), "-32603") << base::json::dump(message);
    EXPECT_EQ(text_at(message, "/id"), "1");
    return text_at(message, "/error/message");
  }
  ScriptedHttpServer server_;
};

TEST_F(BridgeTest, ForwardsARequestAndItsAnswer) {
  server_.on("/mcp", answer);
  PipedBridge bridge(endpoint());
  const auto line = legacy("1", "tools/list");
  bridge.send(line);
  EXPECT_EQ(bridge.line(), result("1"));
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, line);
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("accept"), "application/json, text/event-stream");
  EXPECT_FALSE(request.has_header("authorization"));
  EXPECT_FALSE(request.has_header("mcp-session-id"));
}

TEST_F(BridgeTest, ShowsTheKeyWithoutTheLineBreakOfItsFile) {
  server_.on("/mcp", answer);
  PipedBridge bridge(endpoint("tr_live_abc\n"));
  bridge.send(legacy("1", "tools/list"));
  bridge.line();
  EXPECT_EQ(server_.requests().at(0).header("authorization"), "Bearer tr_live_abc");
}

TEST_F(BridgeTest, MeansTheMcpPathByABareUrl) {
  server_.on("/mcp", answer);
  auto url = server_.url("/");
  url.pop_back();
  PipedBridge bridge({.url = url, .socket_path = "", .key = ""});
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1"));
}

TEST_F(BridgeTest, KeepsThePathAndQueryOfAFullUrl) {
  server_.on("/api/v1/mcp", answer);
  PipedBridge bridge({.url = server_.url("/api/v1/mcp?expose=flat"), .socket_path = "", .key = ""});
  bridge.send(legacy("1", "tools/list"));
  bridge.line();
  EXPECT_EQ(server_.requests().at(0).target, "/api/v1/mcp?expose=flat");
}

TEST_F(BridgeTest, PutsAnAnswerWithLineBreaksOnOneLine) {
  server_.on("/mcp", Reply::json("{\"jsonrpc\":\"2.0\",\r\n \"id\":1,\n\"result\":{\"a\":\"x\\ny\"}}\n"));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(text_at(bridge.message(), "/result/a"), "x\ny");
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BridgeTest, AnswersALineThatIsNoJsonWithoutAnId) {
  server_.on("/mcp", answer);
  PipedBridge bridge(endpoint());
  for (const auto* bad : {"{\"jsonrpc\":", "\xff\xfe", "{\"id\":1,\"id\":2}"}) {
    bridge.send(bad);
    const auto message = bridge.message();
    EXPECT_EQ(text_at(message, "/error/code"), "-32700") << bad;
    EXPECT_EQ(text_at(message, "/id"), "(absent)");
  }
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1")) << "the next line is served";
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(BridgeTest, SkipsEmptyLinesAndReturns) {
  server_.on("/mcp", answer);
  PipedBridge bridge(endpoint());
  bridge.send_raw("\n  \r\n" + legacy("1", "tools/list") + "\r\n");
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BridgeTest, ServesALastLineWithoutALineBreak) {
  server_.on("/mcp", answer);
  PipedBridge bridge(endpoint(), nullptr, toolrack::test::kPatience);
  bridge.send_raw(legacy("1", "tools/list"));
  bridge.close_input();
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_EQ(bridge.wait(), 0);
}

TEST_F(BridgeTest, AnswersEveryOneOfManyRequests) {
  server_.on("/mcp", answer);
  PipedBridge bridge(endpoint());
  constexpr int kCount = 200;
  std::set<std::string> expected, given;
  std::string lines;
  for (int i = 0; i < kCount; ++i) {
    const auto id = i % 2 == 0 ? std::to_string(i) : "\"r" + std::to_string(i) + "\"";
    lines += legacy(id, "tools/list") + "\n";
    expected.insert(result(id));
  }
  bridge.send_raw(lines);
  for (int i = 0; i < kCount; ++i) given.insert(bridge.line().value_or(""));
  EXPECT_EQ(given, expected);
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BridgeTest, KeepsManyRequestsInFlight) {
  server_.on("/mcp", [](const RecordedRequest& request) { return Reply::held(answer(request)); });
  PipedBridge bridge(endpoint());
  constexpr int kCount = 8;
  for (int i = 0; i < kCount; ++i) bridge.send(legacy(std::to_string(i), "tools/call"));
  ASSERT_TRUE(server_.wait_for_requests(kCount)) << "none waits for the answer of another";
  for (int i = 0; i < kCount; ++i) server_.release();
  std::set<std::string> given;
  for (int i = 0; i < kCount; ++i) given.insert(bridge.line().value_or(""));
  EXPECT_EQ(given.size(), static_cast<std::size_t>(kCount));
}

TEST_F(BridgeTest, PassesALargeAnswerWhole) {
  const auto text = std::string(3 << 20, 'x');
  server_.on("/mcp", Reply::json(result("1", "{\"t\":\"" + text + "\"}")));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/call"));
  EXPECT_EQ(text_at(bridge.message(), "/result/t"), text);
}

TEST_F(BridgeTest, SaysHowToGiveAKeyWhenOneIsWanted) {
  server_.on("/mcp", Reply::json(R"({"error":{"code":"invalid_key","message":"The key is not known."}})", 401));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/list"));
  const auto said = error_message(bridge);
  EXPECT_NE(said.find("--key"), std::string::npos) << said;
  EXPECT_NE(said.find("TOOLRACK_API_KEY"), std::string::npos) << said;
  EXPECT_NE(said.find("The key is not known."), std::string::npos) << said;
}

TEST_F(BridgeTest, ForwardsTheJsonRpcErrorOfAnHttpError) {
  const std::string error = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}})";
  server_.on("/mcp", Reply::json(error, 404));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "x/y"));
  EXPECT_EQ(bridge.line(), error);
}

TEST_F(BridgeTest, PutsTheIdIntoAnErrorThatLacksIt) {
  server_.on("/mcp",
             Reply::json(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no","data":[1]}})", 400));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("\"a\"", "tools/list"));
  const auto message = bridge.message();
  EXPECT_EQ(text_at(message, "/id"), "a");
  EXPECT_EQ(text_at(message, "/error/code"), "-32600");
  EXPECT_EQ(text_at(message, "/error/data/0"), "1");
}

TEST_F(BridgeTest, NamesTheEndpointWhenAnErrorIsNoJsonRpc) {
  server_.on("/mcp", Reply::text("<h1>Bad gateway</h1>", 502, "text/html"));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/list"));
  const auto said = error_message(bridge);
  EXPECT_NE(said.find(server_.url("/mcp")), std::string::npos) << said;
  EXPECT_NE(said.find("502"), std::string::npos) << said;
}

TEST_F(BridgeTest, NamesTheEndpointWhenAnAnswerIsNoJson) {
  server_.on("/mcp", Reply::text("<h1>Log in</h1>", 200, "text/html"));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/list"));
  EXPECT_NE(error_message(bridge).find("text/html"), std::string::npos);
}

TEST_F(BridgeTest, ReportsARequestThatWasOnlyAccepted) {
  server_.on("/mcp", Reply::text("", 202));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/list"));
  EXPECT_NE(error_message(bridge).find("202"), std::string::npos);
}

TEST_F(BridgeTest, FollowsNoRedirectWithTheKey) {
  server_.on("/mcp", Reply::redirect(server_.url("/elsewhere"), 307));
  server_.on("/elsewhere", answer);
  PipedBridge bridge(endpoint("tr_live_abc"));
  bridge.send(legacy("1", "tools/list"));
  const auto said = error_message(bridge);
  EXPECT_NE(said.find("/elsewhere"), std::string::npos) << said;
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(BridgeTest, SaysNothingOfNotifications) {
  std::atomic<int> count = 0;
  server_.on("/mcp", [&count](const RecordedRequest& request) {
    return ++count == 1 ? answer(request)
                        : Reply::json(R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"x"}})", 400);
  });
  PipedBridge bridge(endpoint());
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})");
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})");
  ASSERT_TRUE(server_.wait_for_requests(2));
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BridgeTest, LetsTheGatewayJudgeWhatIsNoMessage) {
  const std::string error = R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"no message"}})";
  server_.on("/mcp", Reply::json(error, 400));
  PipedBridge bridge(endpoint());
  bridge.send(R"({"hello":1})");
  EXPECT_EQ(bridge.line(), error);
}

TEST_F(BridgeTest, ForwardsABatchAsOne) {
  server_.on("/mcp", Reply::json(R"([{"jsonrpc":"2.0","id":1,"result":{}},)"
                                 "\n"
                                 R"({"jsonrpc":"2.0","id":2,"result":{}}])"));
  PipedBridge bridge(endpoint());
  bridge.send("[" + legacy("1", "ping") + "," + legacy("2", "ping") + "]");
  EXPECT_EQ(bridge.message().Size(), 2u);
}

TEST_F(BridgeTest, FailsEveryRequestOfABatch) {
  server_.on("/mcp", Reply::text("down", 503));
  PipedBridge bridge(endpoint());
  bridge.send("[" + legacy("1", "ping") + R"(,{"jsonrpc":"2.0","method":"notifications/x"},)" +
              legacy("\"b\"", "ping") + "]");
  EXPECT_EQ(text_at(bridge.message(), "/id"), "1");
  EXPECT_EQ(text_at(bridge.message(), "/id"), "b");
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BridgeTest, ForwardsEventsInOrderAsTheyCome) {
  const std::string progress =
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})";
  server_.on("/mcp", Reply::held_between({"event: message\ndata: " + progress + "\n\n", ": still here\n\nda",
                                          "ta: " + result("1") + "\n\n"})
                         .header("Content-Type", "text/event-stream"));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/call"));
  EXPECT_EQ(bridge.line(), progress) << "before the answer is there";
  server_.release();
  server_.release();
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BridgeTest, ReportsACallWhoseStreamEndsWithoutAnAnswer) {
  server_.on("/mcp", stream({"data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n\n"}));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/call"));
  bridge.line();
  EXPECT_NE(error_message(bridge).find("went away"), std::string::npos);
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(BridgeTest, AsksAgainForAListWhoseStreamEndsWithoutAnAnswer) {
  int count = 0;
  server_.on("/mcp", [&count](const RecordedRequest& request) {
    return ++count == 1 ? stream({": nothing\n\n"}) : answer(request);
  });
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(BridgeTest, NamesARemoteGatewayThatRefusesConnections) {
  // Nobody else gets the port while nobody listens there.
  const net::UniqueFd bound(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(bound.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/mcp";
  PipedBridge bridge({.url = url, .socket_path = "", .key = ""});
  bridge.send(legacy("1", "tools/list"));
  const auto said = error_message(bridge);
  EXPECT_NE(said.find(url), std::string::npos) << said;
  EXPECT_NE(said.find("--url"), std::string::npos) << said;
}

TEST_F(BridgeTest, SendsACallOnceWhenAKeptConnectionDies) {
  server_.on("/mcp", [](const RecordedRequest& request) {
    return request.body.find("tools/call") == std::string::npos ? answer(request) : Reply::hang_up();
  });
  PipedBridge bridge(endpoint());
  bridge.send(legacy("0", "tools/list"));
  bridge.line();
  bridge.send(legacy("1", "tools/call"));
  EXPECT_NE(error_message(bridge).find("may or may not"), std::string::npos);
  ASSERT_EQ(server_.requests().size(), 2u);
  EXPECT_EQ(server_.requests().at(1).connection, 1u) << "over the connection that was kept";
}

TEST_F(BridgeTest, WaitsAtTheEndForAnswersThatAreDue) {
  server_.on("/mcp", Reply::held(Reply::json(result("1"))));
  PipedBridge bridge(endpoint(), nullptr, toolrack::test::kPatience);
  bridge.send(legacy("1", "tools/call"));
  ASSERT_TRUE(server_.wait_for_requests(1));
  bridge.close_input();
  server_.release();
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_EQ(bridge.wait(), 0);
}

TEST_F(BridgeTest, EndsTwoSecondsLaterThoughARequestHangs) {
  server_.on("/mcp", Reply::held(Reply::json(result("1"))));
  PipedBridge bridge(endpoint());
  bridge.send(legacy("1", "tools/call"));
  ASSERT_TRUE(server_.wait_for_requests(1));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(bridge.ends_silently());
  EXPECT_EQ(bridge.wait(), 0);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 2s);
}

TEST_F(BridgeTest, EndsWhenNobodyReadsItsOutputAnyMore) {
  server_.on("/mcp", answer);
  PipedBridge bridge(endpoint());
  bridge.close_output();
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.wait(), 1);
}

TEST_F(BridgeTest, EndsAtOnceWithoutWork) {
  PipedBridge bridge(endpoint());
  bridge.close_input();
  EXPECT_EQ(bridge.wait(), 0);
  EXPECT_EQ(server_.connections_accepted(), 0u) << "starting costs the gateway nothing";
}

}  // namespace
}  // namespace toolrack::stdio
