/// The bridge in front of the real MCP endpoint.
#include "bridge_fixture.hpp"
#include "unit/transports/mcp/mcp_fixture.hpp"

namespace toolrack::stdio {
namespace {

using namespace std::chrono_literals;

class BehindTheBridge : public ::testing::Test {
 protected:
  explicit BehindTheBridge(testing::RackOptions options = {}) : rack_({fake_.make()}, options) {}
  ~BehindTheBridge() override {
    fake_.waiting->release();
    fake_.stubborn->release();
    rack_.rack.wait_for_calls();
  }
  Endpoint local() { return {.url = "http://localhost", .socket_path = rack_.socket_path, .key = ""}; }
  Endpoint remote(std::string key = "") {
    return {.url = "http://127.0.0.1:" + std::to_string(rack_.port), .socket_path = "", .key = std::move(key)};
  }
  void open(PipedBridge& bridge) {
    bridge.send(kInitialize);
    EXPECT_EQ(text_at(bridge.message(), "/result/protocolVersion"), "2025-06-18");
    bridge.send(kInitialized);
  }
  mcp::FakeTool fake_;
  testing::ServedRack rack_;
};

class HostedBehindTheBridge : public BehindTheBridge {
 protected:
  HostedBehindTheBridge() : BehindTheBridge({.mode = call::Mode::kHosted}) {}
};

TEST_F(BehindTheBridge, ServesALegacyClient) {
  PipedBridge bridge(local());
  open(bridge);
  bridge.send(legacy("1", "tools/list"));
  EXPECT_NE(text_at(bridge.message(), "/result/tools/0/name"), "(absent)");
  bridge.send(legacy("2", "tools/call", R"({"name":"fake_echo","arguments":{"text":"hi"}})"));
  const auto answer = bridge.message();
  EXPECT_EQ(text_at(answer, "/result/structuredContent/text"), "hi");
  EXPECT_EQ(text_at(answer, "/result/resultType"), "(absent)");
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BehindTheBridge, ServesAModernClient) {
  PipedBridge bridge(local());
  bridge.send(modern("\"d\"", "server/discover"));
  EXPECT_EQ(text_at(bridge.message(), "/result/supportedVersions/0"), "2026-07-28");
  bridge.send(modern("1", "tools/call", R"("name":"fake_echo","arguments":{"text":"ä"},)"));
  const auto answer = bridge.message();
  EXPECT_EQ(text_at(answer, "/result/structuredContent/text"), "ä");
  EXPECT_EQ(text_at(answer, "/result/resultType"), "complete");
}

TEST_F(BehindTheBridge, ServesBothErasOnOnePipe) {
  PipedBridge bridge(local());
  open(bridge);
  bridge.send(modern("1", "tools/list"));
  EXPECT_EQ(text_at(bridge.message(), "/result/resultType"), "complete");
  bridge.send(legacy("2", "ping"));
  EXPECT_EQ(bridge.line(), result("2"));
}

TEST_F(BehindTheBridge, SaysWhyAModernRequestIsRefused) {
  PipedBridge bridge(local());
  bridge.send(modern("1", "ping"));
  EXPECT_EQ(text_at(bridge.message(), "/error/code"), "-32601");
  bridge.send(
      R"({"jsonrpc":"2.0","id":2,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2027-01-01","io.modelcontextprotocol/clientCapabilities":{}}}})");
  const auto refused = bridge.message();
  EXPECT_EQ(text_at(refused, "/error/code"), "-32022");
  EXPECT_EQ(text_at(refused, "/error/data/supported/0"), "2026-07-28");
  bridge.send(R"({"jsonrpc":"2.0","id":null,"method":"ping"})");
  EXPECT_EQ(text_at(bridge.message(), "/error/code"), "-32600");
  bridge.send(modern("\"größe\"", "tools/call", R"("name":"größe",)"));
  EXPECT_EQ(text_at(bridge.message(), "/error/code"), "-32602") << "the name's header is right, the tool is not there";
}

TEST_F(BehindTheBridge, PassesProgressOnBeforeTheAnswer) {
  PipedBridge bridge(local());
  open(bridge);
  bridge.send(legacy("1", "tools/call", R"({"name":"fake_progress","_meta":{"progressToken":"p"}})"));
  EXPECT_EQ(text_at(bridge.message(), "/method"), "notifications/progress");
  EXPECT_EQ(text_at(bridge.message(), "/id"), "1");
}

TEST_F(BehindTheBridge, CancelsAModernCall) {
  PipedBridge bridge(local());
  bridge.send(modern("1", "tools/call", R"("name":"fake_waiting",)"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  EXPECT_TRUE(fake_.waiting->cancelled.wait_for(1));
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BehindTheBridge, CancelsALegacyCall) {
  PipedBridge bridge(local());
  open(bridge);
  bridge.send(legacy("\"x\"", "tools/call", R"({"name":"fake_waiting"})"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  bridge.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"x"}})");
  EXPECT_TRUE(fake_.waiting->cancelled.wait_for(1));
  EXPECT_TRUE(bridge.ends_silently());
}

TEST_F(BehindTheBridge, OpensASessionAgainThatHasExpired) {
  PipedBridge bridge(local());
  open(bridge);
  bridge.send(legacy("1", "ping"));
  EXPECT_EQ(bridge.line(), result("1"));
  rack_.session_clock.advance(25h);
  bridge.send(legacy("2", "tools/call", R"({"name":"fake_echo","arguments":{"text":"hi"}})"));
  EXPECT_EQ(text_at(bridge.message(), "/result/structuredContent/text"), "hi");
}

TEST_F(HostedBehindTheBridge, SaysHowToGiveAKey) {
  PipedBridge bridge(remote());
  bridge.send(modern("0", "tools/list"));
  EXPECT_NE(text_at(bridge.message(), "/result/tools/0/name"), "(absent)") << "discovery is open";
  bridge.send(modern("1", "tools/call", R"("name":"fake_echo",)"));
  EXPECT_NE(text_at(bridge.message(), "/error/message").find("TOOLRACK_API_KEY"), std::string::npos);
}

TEST_F(HostedBehindTheBridge, ServesAClientWithAKey) {
  PipedBridge bridge(remote(rack_.rack.make_key()));
  open(bridge);
  bridge.send(legacy("1", "tools/call", R"({"name":"fake_echo","arguments":{"text":"hi"}})"));
  EXPECT_EQ(text_at(bridge.message(), "/result/structuredContent/text"), "hi");
}

TEST_F(HostedBehindTheBridge, RepeatsArgumentsInHeadersForARemoteGateway) {
  PipedBridge bridge({.url = remote().url + "/mcp?expose=flat", .socket_path = "", .key = rack_.rack.make_key()});
  const auto call =
      modern("1", "tools/call", R"("name":"fake_region","arguments":{"region":"eu ä","count":3,"flag":false},)");
  bridge.send(call);
  EXPECT_EQ(text_at(bridge.message(), "/error/code"), "-32020") << "it has not seen the list yet";
  bridge.send(modern("0", "tools/list"));
  bridge.message();
  bridge.send(call);
  EXPECT_EQ(text_at(bridge.message(), "/result/isError"), "false");
}

TEST_F(BehindTheBridge, ServesManyCallsInFlight) {
  PipedBridge bridge(local());
  open(bridge);
  constexpr int kCount = 100;
  for (int i = 1; i <= kCount; ++i)
    bridge.send(legacy(std::to_string(i), "tools/call",
                       R"({"name":"fake_later","arguments":{"n":)" + std::to_string(i) + "}}"));
  std::set<std::string> ids;
  for (int i = 1; i <= kCount; ++i) {
    const auto answer = bridge.message();
    EXPECT_EQ(text_at(answer, "/result/structuredContent/n"), text_at(answer, "/id"));
    ids.insert(text_at(answer, "/id"));
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(kCount));
}

}  // namespace
}  // namespace toolrack::stdio
