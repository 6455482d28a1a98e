/// Calls that let go of their connection because they take long (2025-11-25), and clients that come back for the
/// answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp_fixture.hpp"
#include "support/asking_skill.hpp"

namespace toolrack::mcp {
namespace {

using namespace std::chrono_literals;
using testing::at;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::parsed;

class PollingTest : public McpTest {
 protected:
  PollingTest() : McpTest({.mcp = {.poll_after = 20ms}}) {}
  ~PollingTest() override {
    fake_.waiting->release();
    rack_.rack.wait_for_calls();
  }
  static std::string waiting_call(std::string_view id) {
    return R"({"jsonrpc":"2.0","id":)" + std::string(id) +
           R"(,"method":"tools/call","params":{"name":"fake_waiting","_meta":{"progressToken":1}}})";
  }
  testing::HeaderList keyed(testing::HeaderList headers) const {
    if (!key_.empty()) headers.emplace_back("Authorization", "Bearer " + key_);
    return headers;
  }
  net::RawClient send(const std::string& session, const std::string& body) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("POST", "/mcp", keyed(legacy_headers(session, "2025-11-25")), body));
    return client;
  }
  /// A call, up to the moment when it has let go of its connection; the others that are waiting have been running for
  /// longer then. What its client was told.
  std::string call_until_let_go(const std::string& session, std::string_view id) {
    auto client = send(session, waiting_call(id));
    const auto told = client.read_reply();
    EXPECT_TRUE(told);
    return told ? told->body : "";
  }
  static std::string last_id(std::string_view told) {
    const auto from = told.rfind("id: ") + 4;
    return std::string(told.substr(from, told.find('\n', from) - from));
  }
  /// Comes back for what follows `last`; the head is there, so the gateway has found the stream.
  net::RawClient come_back(const std::string& session, const std::string& last, std::string& heard) {
    auto headers = keyed(legacy_headers(session, "2025-11-25"));
    headers.emplace_back("Last-Event-ID", last);
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("GET", "/mcp", headers, ""));
    while (heard.find("\r\n\r\n") == std::string::npos && client.read_more(heard)) {
    }
    return client;
  }
  /// Up to the end of the stream.
  static void read_rest(net::RawClient& client, std::string& heard) {
    while (!heard.ends_with("\r\n0\r\n\r\n") && client.read_more(heard, 1 << 20)) {
    }
  }

  std::string key_;  ///< Of whoever asks; empty: none.
};

TEST_F(PollingTest, EndsWhatWasTakenUpWithAKeyThatIsRevokedAndAnotherOneTakesItUp) {
  const auto revoked = key_ = rack_.rack.make_key();
  const auto session = open_session("2025-11-25", keyed({}));
  const auto id = last_id(call_until_let_go(session, "2"));
  std::string heard, heard_again;
  auto back = come_back(session, id, heard);
  ASSERT_TRUE(rack_.rack.keys->revoke("acc_one", revoked.substr(8, 16)));
  read_rest(back, heard);
  EXPECT_TRUE(heard.ends_with("\r\n0\r\n\r\n")) << "the stream has ended";
  EXPECT_THAT(heard, Not(HasSubstr("\"result\"")));
  key_ = rack_.rack.make_key();
  auto again = come_back(session, id, heard_again);
  fake_.waiting->release();
  read_rest(again, heard_again);
  EXPECT_THAT(heard_again, HasSubstr(R"("late":true)")) << "the call goes on, for its account";
}

TEST_F(PollingTest, AnswersABatchThatTakesLongerWithItsConnectionHeld) {
  const auto session = open_session("2025-11-25");
  auto batch = send(session, "[" + waiting_call("2") + "," + waiting_call("3") + "]");
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(2));
  EXPECT_THAT(call_until_let_go(session, "4"), HasSubstr("retry: "));
  fake_.waiting->release();
  const auto reply = batch.read_reply();
  ASSERT_TRUE(reply) << "the gateway has ended the connection";
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(testing::header(*reply, "content-type"), "application/json");
  const auto answers = parsed(reply->body);
  ASSERT_TRUE(answers.IsArray()) << reply->body;
  EXPECT_EQ(answers.Size(), 2u);
  EXPECT_EQ(at(answers, "/0/result/isError"), "false");
}

TEST_F(PollingTest, LetsGoOfACallThatTakesLongerAndAnswersWhoComesBack) {
  const auto session = open_session("2025-11-25");
  const auto told = call_until_let_go(session, "2");
  const auto id = last_id(told);
  EXPECT_EQ(told, "id: " + id + "\ndata: \n\nretry: 500\n\n");
  EXPECT_EQ(fake_.waiting->cancelled.value(), 0);
  std::string heard;
  auto back = come_back(session, id, heard);
  EXPECT_THAT(heard, Not(HasSubstr("\"result\""))) << "the call is still running";
  fake_.waiting->release();
  read_rest(back, heard);
  EXPECT_THAT(heard, HasSubstr(R"("id":2)"));
  EXPECT_THAT(heard, HasSubstr(R"("late":true)"));
}

TEST_F(PollingTest, GivesAnAnswerOfMegabytesToWhoComesBackAsOftenAsIsAsked) {
  constexpr std::size_t kSize = 9 << 20;
  const auto session = open_session("2025-11-25");
  const auto id = last_id(call_until_let_go(session, "2"));
  fake_.waiting->release(R"({"text":")" + std::string(kSize, 'x') + R"("})");
  ASSERT_TRUE(fake_.waiting->completed.wait_for(1));
  for (int i = 0; i < 2; ++i) {
    std::string heard;
    auto back = come_back(session, id, heard);
    read_rest(back, heard);
    EXPECT_GT(heard.size(), kSize) << i;
    EXPECT_NE(heard.find(R"("id":2)"), std::string::npos) << i;
  }
}

TEST_F(PollingTest, FindsWhatACallAsksWhenItsClientComesBackAndTakesTheResponse) {
  const auto asking = std::make_shared<testing::AskingSkill>();
  rack_.rack.publish({fake_.make(), testing::make_tool("asking", {{.name = "run", .handler = asking}})});
  const auto opened = testing::exchange(
      rack_.port, "POST", "/mcp", base_headers(),
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":)"
      R"({"elicitation":{}},"clientInfo":{"name":"t","version":"1"}}})");
  const auto session = testing::header(opened, "mcp-session-id");
  auto client =
      send(session, R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"asking_run","arguments":)"
                    R"({"ask":["form:who"]}}})");
  const auto told = client.read_reply();
  ASSERT_TRUE(told);
  EXPECT_THAT(told->body, HasSubstr("retry: ")) << "it is let go of, as a rule after it has asked";
  const auto first = told->body.substr(4, told->body.find('\n') - 4);
  std::string heard;
  auto back = come_back(session, first, heard);
  while (heard.find("\n\n") == std::string::npos && back.read_more(heard)) {
  }
  const auto from = heard.find("data: ") + 6;
  const auto question = parsed(heard.substr(from, heard.find('\n', from) - from));
  EXPECT_EQ(at(question, "/method"), "elicitation/create") << "of who has not seen it, perhaps for the second time";
  const auto response = send(session, R"({"jsonrpc":"2.0","id":)" + base::json::quote(at(question, "/id")) +
                                          R"(,"result":{"action":"accept","content":{"name":"Ada"}}})")
                            .read_reply();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 202);
  read_rest(back, heard);
  EXPECT_THAT(heard, HasSubstr("Ada"));
  EXPECT_THAT(heard, HasSubstr(R"("id":2)"));
}

TEST_F(PollingTest, HoldsTheConnectionsOfTheOwnersSocket) {
  const auto session = open_session("2025-11-25");
  auto bridge = net::RawClient::local(rack_.socket_path);
  bridge.send(testing::http_request("POST", "/mcp", legacy_headers(session, "2025-11-25"), waiting_call("2")));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  EXPECT_THAT(call_until_let_go(session, "3"), HasSubstr("retry: "));
  fake_.waiting->release();
  const auto reply = bridge.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(testing::header(*reply, "content-type"), "application/json");
  EXPECT_EQ(at(parsed(reply->body), "/result/isError"), "false");
}

TEST_F(PollingTest, HoldsTheConnectionsOfOlderSessions) {
  const auto session = open_session("2025-06-18");
  auto client = net::RawClient::tcp(rack_.port);
  client.send(testing::http_request("POST", "/mcp", legacy_headers(session), waiting_call("2")));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  EXPECT_THAT(call_until_let_go(open_session("2025-11-25"), "3"), HasSubstr("retry: "));
  fake_.waiting->release();
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(at(parsed(reply->body), "/result/isError"), "false");
}

}  // namespace
}  // namespace toolrack::mcp
