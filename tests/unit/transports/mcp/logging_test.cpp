/// Lines of a tool on the way to its client, in each era's words.
#include <gmock/gmock.h>

#include "mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LoggingTest : public McpTest {
 protected:
  std::string body(const std::string& request) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(request);
    return client.read_reply().value_or(net::RawReply{}).body;
  }
  std::string set_level(const std::string& session, std::string_view level) {
    return testing::exchange(rack_.port, "POST", "/mcp", legacy_headers(session),
                             R"({"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":")" +
                                 std::string(level) + "\"}}")
        .body;
  }
};

TEST_F(LoggingTest, AModernRequestGetsNoLineUnlessItAsks) {
  EXPECT_THAT(body(modern_call("1", "fake_log")), Not(HasSubstr("notifications/message")));
}

TEST_F(LoggingTest, AModernRequestGetsLinesFromItsLevelOn) {
  const auto text = body(modern_call("1", "fake_log", R"(,"io.modelcontextprotocol/logLevel":"info")"));
  EXPECT_THAT(text, Not(HasSubstr("looked")));
  EXPECT_THAT(text, HasSubstr(R"("method":"notifications/message","params":{"level":"info","logger":"fake",)"
                              R"("data":{"message":"began","page":1}}})"));
  EXPECT_THAT(text, HasSubstr(R"("level":"error","logger":"fake","data":"broke"}})")) << "what is no JSON is left out";
}

TEST_F(LoggingTest, ASessionGetsInfoUntilItSaysAnother) {
  const auto session = open_session();
  EXPECT_THAT(body(legacy_call(session, "1", "fake_log")), HasSubstr("began"));
  EXPECT_EQ(set_level(session, "error"), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  const auto text = body(legacy_call(session, "2", "fake_log"));
  EXPECT_THAT(text, Not(HasSubstr("began")));
  EXPECT_THAT(text, HasSubstr("broke"));
  EXPECT_THAT(body(legacy_call(open_session(), "3", "fake_log")), HasSubstr("began")) << "another session is another";
}

TEST_F(LoggingTest, ALevelThatIsNoneIsRefusedByNamingThoseThereAre) {
  const auto text = set_level(open_session(), "loud");
  EXPECT_THAT(text, HasSubstr("-32602"));
  EXPECT_THAT(text, HasSubstr("loud"));
  EXPECT_THAT(text, HasSubstr("emergency"));
}

}  // namespace
}  // namespace toolrack::mcp
