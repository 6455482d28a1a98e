/// Streams of legacy sessions that a client takes up again, over HTTP.
#include "transports/mcp/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EventIdTest, ReadsWhatItWritesAndNothingElse) {
  const EventId id{.loop = 3, .stream = 1'234, .event = 0};
  const auto read = EventId::parse(id.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->loop, 3u);
  EXPECT_EQ(read->stream, 1'234u);
  EXPECT_EQ(read->event, 0u);
  for (const auto* bad :
       {"", "1", "1-2", "1-2-", "1-2-3-", "1-2-3-4", "-1-2-3", "1-2-x", "a", "1--2", "99999999999999999999-1-1"})
    EXPECT_FALSE(EventId::parse(bad)) << bad;
}

class ReplayTest : public McpTest {
 protected:
  ReplayTest() : McpTest({.loops = 2}) {}
  ~ReplayTest() override {
    fake_.waiting->release();
    while (rack_.rack.calls.running() != 0) std::this_thread::yield();
  }
  /// Starts a call that tells its progress, and reads until `what` has come.
  net::RawClient call(const std::string& session, const std::string& skill, std::string_view what) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("POST", "/mcp", legacy_headers(session, "2025-11-25"),
                                      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" + skill +
                                          R"(","_meta":{"progressToken":1}}})"));
    heard_.clear();
    while (heard_.find(what) == std::string::npos && client.read_more(heard_)) {
    }
    return client;
  }
  std::string id_of(std::string_view number) const {
    const auto at = heard_.find("id: ");
    const auto id = heard_.substr(at + 4, heard_.find('\n', at) - at - 4);
    return id.substr(0, id.rfind('-') + 1) + std::string(number);
  }
  net::RawReply resume(const std::string& session, const std::string& last) {
    auto headers = legacy_headers(session, "2025-11-25");
    headers.emplace_back("Last-Event-ID", last);
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("GET", "/mcp", headers, ""));
    return client.read_reply().value_or(net::RawReply{});
  }
  std::string heard_;
};

TEST_F(ReplayTest, FirstSaysWhereTheStreamBegins) {
  const auto client = call(open_session("2025-11-25"), "fake_progress", "\"result\"");
  const auto body = heard_.substr(heard_.find("id: "));
  EXPECT_THAT(body, ::testing::StartsWith("id: " + id_of("0") + "\ndata: \n\n")) << "before any message";
  EXPECT_THAT(body, HasSubstr("event: message\nid: " + id_of("1") + "\ndata: {"));
}

TEST_F(ReplayTest, OlderSessionsGetNoEventWithoutData) {
  auto client = net::RawClient::tcp(rack_.port);
  client.send(legacy_call(open_session(), "1", "fake_progress", R"({"progressToken":1})"));
  const auto reply = client.read_reply().value_or(net::RawReply{});
  EXPECT_THAT(reply.body, Not(HasSubstr("data: \n")));
  EXPECT_THAT(reply.body, HasSubstr("\nid: ")) << "they can resume as well";
}

TEST_F(ReplayTest, GivesWhatCameAfterTheLastEventThatTheClientSaw) {
  const auto session = open_session("2025-11-25");
  const auto client = call(session, "fake_progress", "\"result\"");
  const auto all = resume(session, id_of("0"));
  EXPECT_THAT(all.body, HasSubstr("notifications/progress"));
  EXPECT_THAT(all.body, HasSubstr("\"result\""));
  const auto rest = resume(session, id_of("1"));
  EXPECT_THAT(rest.body, Not(HasSubstr("notifications/progress")));
  EXPECT_THAT(rest.body, HasSubstr("\"result\""));
}

TEST_F(ReplayTest, GivesNothingToAnotherSession) {
  const auto session = open_session("2025-11-25");
  const auto client = call(session, "fake_progress", "\"result\"");
  auto headers = legacy_headers(open_session("2025-11-25"), "2025-11-25");
  headers.emplace_back("Last-Event-ID", id_of("0"));
  auto other = net::RawClient::tcp(rack_.port);
  other.send(testing::http_request("GET", "/mcp", headers, ""));
  std::string heard;
  while (heard.find("\r\n\r\n") == std::string::npos && other.read_more(heard)) {
  }
  rack_.front.mcp.end_streams();
  while (heard.find("\r\n0\r\n\r\n") == std::string::npos && other.read_more(heard)) {
  }
  EXPECT_THAT(heard, Not(HasSubstr("\"result\""))) << "it got a stream for news of its own";
  EXPECT_THAT(heard, HasSubstr("text/event-stream"));
}

}  // namespace
}  // namespace toolrack::mcp
