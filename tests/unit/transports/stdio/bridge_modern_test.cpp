#include "bridge_fixture.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::stdio {
namespace {

using test::RecordedRequest;
using test::Reply;
using test::ScriptedHttpServer;

class ModernBridge : public testing::Test {
 protected:
  Endpoint endpoint() { return {.url = server_.url("/mcp"), .socket_path = "", .key = ""}; }
  /// The request that a line became.
  RecordedRequest sent(const std::string& line) {
    server_.on("/mcp", Reply::json(result("1")));
    PipedBridge bridge(endpoint());
    bridge.send(line);
    bridge.line();
    return server_.requests().back();
  }
  ScriptedHttpServer server_;
};

TEST_F(ModernBridge, RepeatsTheBodyInHeaders) {
  const auto request = sent(modern("1", "tools/call", R"("name":"seo_analyze_page",)"));
  EXPECT_EQ(request.header("mcp-protocol-version"), "2026-07-28");
  EXPECT_EQ(request.header("mcp-method"), "tools/call");
  EXPECT_EQ(request.header("mcp-name"), "seo_analyze_page");
  EXPECT_FALSE(request.has_header("mcp-session-id"));
}

TEST_F(ModernBridge, SendsNoNameWhereTheMethodHasNone) {
  const auto request = sent(modern("1", "tools/list", R"("name":"x",)"));
  EXPECT_EQ(request.header("mcp-method"), "tools/list");
  EXPECT_FALSE(request.has_header("mcp-name"));
}

TEST_F(ModernBridge, TakesTheNameFromTheUriOfAResource) {
  EXPECT_EQ(sent(modern("1", "resources/read", R"("uri":"ui://a/b",)")).header("mcp-name"), "ui://a/b");
}

TEST_F(ModernBridge, EncodesNamesThatNoHeaderMayCarry) {
  EXPECT_EQ(sent(modern("1", "prompts/get", R"("name":"größe",)")).header("mcp-name"), "=?base64?Z3LDtsOfZQ==?=");
  EXPECT_EQ(sent(modern("1", "prompts/get", R"("name":"a\r\nX-Evil: 1",)")).header("mcp-name"),
            "=?base64?YQ0KWC1FdmlsOiAx?=");
}

TEST_F(ModernBridge, SendsTheVersionThatTheBodyClaims) {
  server_.on("/mcp", Reply::json(result("1")));
  PipedBridge bridge(endpoint());
  bridge.send(
      R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2027-01-01"}}})");
  bridge.line();
  EXPECT_EQ(server_.requests().at(0).header("mcp-protocol-version"), "2027-01-01");
}

TEST_F(ModernBridge, CancelsByClosingTheConnectionAndSaysNothingMore) {
  server_.on("/mcp", Reply::held(Reply::json(result("7"))));
  PipedBridge bridge(endpoint());
  bridge.send(modern("7", "tools/call", R"("name":"x",)"));
  ASSERT_TRUE(server_.wait_for_open(1));
  ASSERT_TRUE(server_.wait_for_requests(1));
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}})");
  EXPECT_TRUE(server_.wait_for_open(0));
  EXPECT_TRUE(bridge.ends_silently());
  EXPECT_EQ(server_.requests().size(), 1u) << "the notification itself goes nowhere";
}

TEST_F(ModernBridge, CancelsTheRequestWithTheSameTypeOfId) {
  server_.on("/mcp", [](const RecordedRequest& request) {
    return Reply::held(Reply::json(result(request.body.find("\"7\"") == std::string::npos ? "7" : "\"7\"")));
  });
  PipedBridge bridge(endpoint());
  bridge.send(modern("7", "tools/call", R"("name":"x",)"));
  bridge.send(modern("\"7\"", "tools/call", R"("name":"x",)"));
  ASSERT_TRUE(server_.wait_for_requests(2));
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"7"}})");
  ASSERT_TRUE(server_.wait_for_open(1));
  server_.release();
  EXPECT_EQ(bridge.line(), result("7"));
}

TEST_F(ModernBridge, IgnoresTheCancellationOfWhatIsNotRunning) {
  server_.on("/mcp", Reply::json(result("1")));
  PipedBridge bridge(endpoint());
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}})");
  bridge.send(modern("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(ModernBridge, SendsArgumentsThatATheToolWantsInHeaders) {
  server_.on("/mcp", [](const RecordedRequest& request) {
    if (request.body.find("tools/list") == std::string::npos) return Reply::json(result("2"));
    return Reply::json(result("1", R"({"tools":[{"name":"t","inputSchema":{"type":"object","properties":{
      "region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"Count"},
      "unused":{"type":"boolean","x-mcp-header":"Unused"}}}}]})"));
  });
  PipedBridge bridge(endpoint());
  bridge.send(modern("1", "tools/list"));
  bridge.line();
  bridge.send(modern("2", "tools/call", R"("name":"t","arguments":{"region":"eu west","n":42,"unused":null},)"));
  bridge.line();
  const auto request = server_.requests().at(1);
  EXPECT_EQ(request.header("mcp-param-region"), "eu west");
  EXPECT_EQ(request.header("mcp-param-count"), "42");
  EXPECT_FALSE(request.has_header("mcp-param-unused"));
}

}  // namespace
}  // namespace toolrack::stdio
