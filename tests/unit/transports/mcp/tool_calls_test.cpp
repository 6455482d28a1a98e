/// Calls that take a while: progress, cancellation, batches, other threads.
#include "transports/mcp/tool_calls.hpp"

#include "mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using testing::parsed;

class ToolCallTest : public McpTest {
 protected:
  explicit ToolCallTest(std::size_t loops = 2) : McpTest({.loops = loops}) {}
  ~ToolCallTest() override {
    // Nothing may wait when the gateway goes.
    fake_.waiting->release();
    fake_.stubborn->release();
    rack_.rack.wait_for_calls();
  }
  net::RawClient connect() { return net::RawClient::tcp(rack_.port); }
  net::RawReply send(const std::string& request) {
    auto client = connect();
    client.send(request);
    return client.read_reply().value_or(net::RawReply{});
  }
  net::RawReply notify_cancelled(const std::string& session, std::string_view id) {
    return testing::exchange(
        rack_.port, "POST", "/mcp", legacy_headers(session),
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + std::string(id) + "}}");
  }
};

/// The data of the events in a stream's body.
std::vector<std::string> events(const std::string& body) {
  std::vector<std::string> all;
  for (std::size_t from = 0; from < body.size();) {
    const auto end = body.find("\n\n", from);
    const auto event = body.substr(from, end - from);
    EXPECT_TRUE(event.starts_with("event: message\ndata: ")) << event;
    EXPECT_EQ(event.find('\n', 15), std::string::npos) << "one data line, no id, no retry";
    all.push_back(event.substr(event.find("data: ") + 6));
    if (end == std::string::npos) break;
    from = end + 2;
  }
  return all;
}

TEST_F(ToolCallTest, AnswersWithJsonWhenNobodyWantsProgress) {
  const auto reply = send(modern_call("1", "fake_progress"));
  EXPECT_EQ(testing::header(reply, "content-type"), "application/json");
  EXPECT_EQ(at(parsed(reply.body), "/id"), "1");
  EXPECT_FALSE(fake_.progress->wanted_progress);
}

TEST_F(ToolCallTest, StreamsProgressThatGrowsThenTheAnswer) {
  const auto reply = send(modern_call("1", "fake_progress", R"(,"progressToken":"tok \"1\"")"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(testing::header(reply, "content-type"), "text/event-stream");
  EXPECT_EQ(testing::header(reply, "cache-control"), "no-store");
  EXPECT_EQ(testing::header(reply, "x-accel-buffering"), "no");
  const auto all = events(reply.body);
  ASSERT_EQ(all.size(), 2u) << "steps that do not grow or come too fast are left out\n" << reply.body;
  const auto progress = parsed(all[0]);
  EXPECT_EQ(at(progress, "/method"), "notifications/progress");
  EXPECT_EQ(at(progress, "/params/progressToken"), "tok \"1\"");
  EXPECT_EQ(at(progress, "/params/progress"), "1");
  EXPECT_EQ(at(progress, "/params/total"), "3");
  EXPECT_EQ(at(progress, "/params/message"), "one");
  EXPECT_EQ(at(parsed(all[1]), "/result/isError"), "false");
}

TEST_F(ToolCallTest, KeepsTheTypeOfAProgressToken) {
  const auto all = events(send(modern_call("1", "fake_progress", R"(,"progressToken":7)")).body);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_NE(all[0].find(R"("progressToken":7,)"), std::string::npos);
}

TEST_F(ToolCallTest, StreamsProgressToLegacyClientsToo) {
  const auto session = open_session("2024-11-05");
  const auto reply = send(legacy_call(session, "1", "fake_progress", R"({"progressToken":1})"));
  const auto all = events(reply.body);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(at(parsed(all[1]), "/id"), "1");
}

TEST_F(ToolCallTest, NeverWritesNumbersThatAreNoJson) {
  const auto odd = std::make_shared<testing::ProgressSkill>(
      std::vector<testing::ProgressSkill::Step>{{std::numeric_limits<double>::quiet_NaN(), 1, ""},
                                                {std::numeric_limits<double>::infinity(), 1, ""},
                                                {0.5, 1e300, ""}});
  rack_.rack.publish({testing::make_tool("odd", {{.name = "skill", .handler = odd}})});
  const auto all = events(send(modern_call("1", "odd_skill", R"(,"progressToken":1)")).body);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(at(parsed(all[0]), "/params/progress"), "0.5");
}

TEST_F(ToolCallTest, ChecksHeadersHoweverTheirAnnotationIsSpelled) {
  rack_.rack.publish({testing::make_tool(
      "spelled", {{.name = "echo",
                   .handler = fake_.echo,
                   .input = R"({"properties":{"a":{"type":"string","x-mcp-heade\u0072":"Region"}}})"}})});
  const auto call = [&](const testing::HeaderList& more) {
    auto headers = modern_headers("tools/call", "spelled_echo");
    headers.insert(headers.end(), more.begin(), more.end());
    return send(testing::http_request(
        "POST", "/mcp", headers, modern_body("1", "tools/call", R"("name":"spelled_echo","arguments":{"a":"eu"},)")));
  };
  EXPECT_EQ(call({{"Mcp-Param-Region", "eu"}}).status, 200);
  EXPECT_EQ(call({{"Mcp-Param-Region", "us"}}).status, 400);
  EXPECT_EQ(call({}).status, 400);
}

TEST_F(ToolCallTest, AnswersWhatAnotherThreadCompletes) {
  const auto reply = send(modern_call("1", "fake_later"));
  EXPECT_EQ(at(parsed(reply.body), "/result/isError"), "false");
}

TEST_F(ToolCallTest, AnswersACallWhoseKeyIsRevokedWhileItRuns) {
  const auto key = rack_.rack.make_key();
  auto headers = modern_headers("tools/call", "fake_waiting");
  headers.emplace_back("Authorization", "Bearer " + key);
  const auto call =
      testing::http_request("POST", "/mcp", headers, modern_body("1", "tools/call", R"("name":"fake_waiting",)"));
  auto client = connect();
  client.send(call);
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  ASSERT_TRUE(rack_.rack.keys->revoke("acc_one", key.substr(8, 16)));
  EXPECT_EQ(send(call).status, 401) << "the next one is refused";
  fake_.waiting->release();
  const auto reply = client.read_reply().value_or(net::RawReply{});
  EXPECT_EQ(at(parsed(reply.body), "/result/structuredContent/late"), "true") << reply.body;
}

TEST_F(ToolCallTest, CancelsAModernCallWhenItsClientLeaves) {
  auto client = connect();
  client.send(modern_call("1", "fake_waiting"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  client.close();
  EXPECT_TRUE(fake_.waiting->cancelled.wait_for(1));
}

TEST_F(ToolCallTest, CancelsAModernStreamWhenItsClientLeaves) {
  auto client = connect();
  client.send(modern_call("1", "fake_waiting", R"(,"progressToken":1)"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  client.reset();
  EXPECT_TRUE(fake_.waiting->cancelled.wait_for(1));
}

/// Where departures are noticed in their order.
class OneLoopToolCallTest : public ToolCallTest {
 protected:
  OneLoopToolCallTest() : ToolCallTest(1) {}
};

TEST_F(OneLoopToolCallTest, LetsALegacyCallRunOnWhenItsClientLeaves) {
  const auto session = open_session();
  auto client = connect();
  client.send(legacy_call(session, "1", "fake_waiting"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  client.close();
  // A modern call beside it shows that departures have been noticed by then.
  auto modern = connect();
  modern.send(modern_call("2", "fake_stubborn"));
  ASSERT_TRUE(fake_.stubborn->invoked.wait_for(1));
  modern.close();
  ASSERT_TRUE(fake_.stubborn->cancelled.wait_for(1));
  EXPECT_EQ(fake_.waiting->cancelled.value(), 0);
}

TEST_F(ToolCallTest, CancelsALegacyCallByNotification) {
  const auto session = open_session();
  auto client = connect();
  client.send(legacy_call(session, "\"r\\u0031\"", "fake_waiting"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  // Over another connection, hence perhaps another loop, and in another spelling.
  EXPECT_EQ(notify_cancelled(session, "\"r1\"").status, 202);
  EXPECT_TRUE(fake_.waiting->cancelled.wait_for(1));
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(at(parsed(reply->body), "/result/isError"), "true");
}

TEST_F(ToolCallTest, CancelsOnlyTheCallThatIsNamed) {
  const auto session = open_session();
  const auto other_session = open_session();
  std::vector<net::RawClient> clients;
  const auto call = [&](const std::string& in, std::string_view id) {
    clients.push_back(connect());
    clients.back().send(legacy_call(in, id, "fake_waiting"));
  };
  call(session, "1");
  call(session, "\"1\"");
  call(other_session, "1");
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(3));
  EXPECT_EQ(notify_cancelled(session, "99").status, 202);
  EXPECT_EQ(notify_cancelled(session, "1").status, 202);
  const auto reply = clients[0].read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(fake_.waiting->cancelled.value(), 1);
  fake_.waiting->release();
  EXPECT_EQ(at(parsed(clients[1].read_reply()->body), "/result/isError"), "false");
  EXPECT_EQ(at(parsed(clients[2].read_reply()->body), "/result/isError"), "false");
}

TEST_F(ToolCallTest, AnswersACancelledCallThoughItsHandlerDoesNotStop) {
  const auto session = open_session();
  auto client = connect();
  client.send(legacy_call(session, "1", "fake_stubborn"));
  ASSERT_TRUE(fake_.stubborn->invoked.wait_for(1));
  notify_cancelled(session, "1");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_NE(at(parsed(reply->body), "/result/content/0/text").find("cancelled"), std::string::npos);
}

TEST_F(ToolCallTest, AnswersABatchWhenItsSlowestCallIsDone) {
  const auto session = open_session("2025-03-26");
  auto client = connect();
  client.send(testing::http_request(
      "POST", "/mcp", legacy_headers(session, "2025-03-26"),
      R"([{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":{"name":"fake_waiting"}},)"
      R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"fake_later","arguments":{"x":1}}}])"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  fake_.waiting->release(R"({"slow":true})");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  const auto answers = parsed(reply->body);
  ASSERT_EQ(answers.Size(), 2u);
  std::set<std::string> ids{at(answers, "/0/id"), at(answers, "/1/id")};
  EXPECT_EQ(ids, (std::set<std::string>{"slow", "2"}));
}

TEST_F(ToolCallTest, AnswersManyCallsOfManyClients) {
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c)
    clients.emplace_back([this, c] {
      auto client = connect();
      for (int i = 0; i < 50; ++i) {
        const auto id = std::to_string(c * 1000 + i);
        client.send(modern_call(id, i % 2 == 0 ? "fake_later" : "fake_echo"));
        const auto reply = client.read_reply();
        ASSERT_TRUE(reply);
        EXPECT_EQ(at(parsed(reply->body), "/id"), id);
      }
    });
  for (auto& client : clients) client.join();
}

TEST_F(ToolCallTest, TellsTheCostOfAPricedCallInMeta) {
  const auto body = parsed(send(modern_call("1", "fake_priced")).body);
  EXPECT_EQ(at(body, "/result/_meta/dev.toolrack~1cost_usd"), "0.00315");
  EXPECT_NE(at(body, "/result/_meta/dev.toolrack~1request_id"), "(absent)");
}

}  // namespace
}  // namespace toolrack::mcp
