/// The transport of 2024-11-05: one stream, and a POST for each message.
#include "transports/mcp/http_sse.hpp"

#include <gmock/gmock.h>

#include "mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HttpSseTest : public McpTest {
 protected:
  explicit HttpSseTest(std::size_t loops = 2)
      : McpTest({.loops = loops, .mcp = {.poll_after = std::chrono::milliseconds(20)}}) {
    stream_.send(testing::http_request("GET", "/sse?expose=flat", {{"Accept", "text/event-stream"}}, ""));
  }
  ~HttpSseTest() override {
    fake_.waiting->release();
    rack_.rack.wait_for_calls();
    // As a gateway stops: what belongs to no call ends, too.
    rack_.front.mcp.end_streams();
    sse_.end_streams();
    settle();
    rack_.rack.loops.stop();
  }
  /// Reads the stream until that has come.
  bool hear(std::string_view what) {
    while (heard_.find(what) == std::string::npos)
      if (!stream_.read_more(heard_)) return false;
    return true;
  }
  net::RawReply post(const std::string& body, std::string target = "") {
    if (target.empty()) {
      EXPECT_TRUE(hear("event: endpoint\ndata: "));
      const auto at = heard_.find("data: ") + 6;
      EXPECT_TRUE(hear("\n\n"));
      target = heard_.substr(at, heard_.find('\n', at) - at);
    }
    return testing::exchange(port_, "POST", target, {{"Content-Type", "application/json"}}, body);
  }
  void initialize(const std::string& version = "2024-11-05") {
    const auto reply = post(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" + version +
                            R"(","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
    EXPECT_EQ(reply.status, 202) << reply.body;
    EXPECT_TRUE(hear(R"("protocolVersion":")" + version));
  }

  std::string heard_;
  HttpSse sse_{rack_.front.mcp};
  net::Server server_{rack_.rack.loops, rack_.rack.metrics,
                      net::Limits{.silence = std::chrono::milliseconds(50), .tick = std::chrono::milliseconds(5)}};
  std::uint16_t port_ = server_.listen_tcp("127.0.0.1", 0, sse_).value_or(0);
  net::RawClient stream_ = net::RawClient::tcp(port_);
};

TEST_F(HttpSseTest, AnswersOnTheStream) {
  initialize();
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").status, 202);
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":"a","method":"tools/list"})").status, 202);
  ASSERT_TRUE(hear(R"("id":"a")"));
  EXPECT_TRUE(hear("fake_echo")) << "the exposure is that of the stream's URL";
}

TEST_F(HttpSseTest, AnswersCallsThatTakeAWhileWithTheirProgress) {
  initialize();
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"fake_progress",)"
                 R"("_meta":{"progressToken":"p"}}})")
                .status,
            202);
  ASSERT_TRUE(hear(R"("id":5)"));
  EXPECT_THAT(heard_, HasSubstr(R"("progressToken":"p")"));
}

TEST_F(HttpSseTest, NumbersNoEventsOfALaterSession) {
  initialize("2025-11-25");
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"fake_progress",)"
                 R"("_meta":{"progressToken":"p"}}})")
                .status,
            202);
  ASSERT_TRUE(hear(R"("id":5)"));
  EXPECT_THAT(heard_, HasSubstr(R"("progressToken":"p")"));
  EXPECT_THAT(heard_, Not(HasSubstr("\nid: "))) << "nothing of this stream can be taken up again";
}

/// Where all calls have their time by one another's.
class OneLoopHttpSseTest : public HttpSseTest {
 protected:
  OneLoopHttpSseTest() : HttpSseTest(1) {}
};

TEST_F(OneLoopHttpSseTest, HoldsACallOfALaterSessionThatTakesLong) {
  initialize("2025-11-25");
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"fake_waiting"}})").status, 202);
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  // One that began after it and is let go of shows that its time has come, too.
  const auto session = open_session("2025-11-25");
  auto other = net::RawClient::tcp(rack_.port);
  other.send(
      testing::http_request("POST", "/mcp", legacy_headers(session, "2025-11-25"),
                            R"({"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"fake_waiting"}})"));
  EXPECT_THAT(other.read_reply().value_or(net::RawReply{}).body, HasSubstr("retry: "));
  fake_.waiting->release();
  EXPECT_TRUE(hear(R"("id":5)")) << heard_;
  EXPECT_THAT(heard_, HasSubstr(R"("late":true)"));
  EXPECT_THAT(heard_, Not(HasSubstr("retry: ")));
  EXPECT_THAT(heard_, Not(HasSubstr("\nid: ")));
}

TEST_F(HttpSseTest, SilenceIsFilledWithComments) {
  initialize();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(hear(":\n\n")) << heard_;
    heard_.clear();
  }
}

TEST_F(HttpSseTest, TellsOfListsThatHaveChanged) {
  initialize();
  rack_.rack.publish({fake_.make(), testing::make_tool("second", {{.name = "echo", .handler = fake_.echo}})});
  rack_.front.mcp.look_again();
  EXPECT_TRUE(hear("notifications/tools/list_changed"));
}

TEST_F(HttpSseTest, SaysAtThePostWhatIsNoMessage) {
  EXPECT_EQ(post("{").status, 400);
  EXPECT_EQ(post("{}", "/messages?sessionId=unknown").status, 404);
  EXPECT_EQ(testing::exchange(port_, "POST", "/sse", {}, "").status, 405);
}

TEST_F(HttpSseTest, EndsWithTheGateway) {
  initialize();
  rack_.front.mcp.end_streams();
  sse_.end_streams();
  EXPECT_TRUE(hear("\r\n0\r\n\r\n")) << "the stream's last chunk";
  EXPECT_EQ(
      testing::exchange(port_, "POST", "/messages?sessionId=x", {{"Content-Type", "application/json"}}, "{}").status,
      404);
}

}  // namespace
}  // namespace toolrack::mcp
