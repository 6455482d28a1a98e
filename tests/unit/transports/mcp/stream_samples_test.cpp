/// Samples of what comes on streams (samples.hpp): before an answer, between answers, and in place of one.
#include "samples.hpp"
#include "support/asking_skill.hpp"
#include "support/offering_tool.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using testing::next_event;
using testing::parsed;

constexpr std::string_view kAll = R"({"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}})";

class StreamSamples : public Samples {
 protected:
  StreamSamples() {
    rack_.rack.publish(
        {fake_.make(), testing::offering_tool(), testing::make_tool("ask", {{.name = "all", .handler = asking_}})});
  }
  ~StreamSamples() override {
    rack_.rack.wait_for_calls();
    rack_.front.mcp.end_streams();
    settle();
  }

  /// What the stream of a finished answer has brought.
  static std::vector<std::string> messages_of(const net::RawReply& reply) {
    std::vector<std::string> out;
    for (auto from = reply.body.find("data: {"); from != std::string::npos; from = reply.body.find("data: {", from + 1))
      out.push_back(reply.body.substr(from + 6, reply.body.find('\n', from) - from - 6));
    return out;
  }

  /// Calls a skill that asks `what`, in a session whose client can be asked everything.
  net::RawClient ask(const std::string& what) {
    session_ = open_session(revision(), {}, kAll);
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("POST", "/mcp", legacy_headers(session_, revision()),
                                      R"({"jsonrpc":"2.0","id":"s 1","method":"tools/call","params":{"name":"ask_all",)"
                                      R"("arguments":{"ask":[")" +
                                          what + R"("]}}})"));
    return client;
  }
  void post(const std::string& message) {
    const auto reply = testing::exchange(rack_.port, "POST", "/mcp", legacy_headers(session_, revision()), message);
    EXPECT_EQ(reply.status, 202) << reply.body;
  }
  /// The question is written as a sample and answered with `result`; then comes the answer to the call.
  void exchange_question(const std::string& what, const std::string& method, const std::string& definition,
                         std::string_view result) {
    auto client = ask(what);
    std::string seen;
    const auto question = next_event(client, seen);
    write_ours("question-" + what.substr(0, what.find(':')), method, definition, question);
    post(R"({"jsonrpc":"2.0","id":)" + base::json::quote(at(parsed(question), "/id")) + R"(,"result":)" +
         std::string(result) + "}");
    auto next = next_event(client, seen);
    if (what.starts_with("url:")) {
      write_ours("page-done", "notifications/elicitation/complete", "ElicitationCompleteNotification", next);
      next = next_event(client, seen);
    }
    write_result("answer-after-" + what.substr(0, what.find(':')), "CallToolResult", next);
  }

  /// Everything that the offering tool can have news of.
  void tell_all() {
    auto news = std::make_shared<News>();
    for (const auto list :
         {registry::DynamicList::kSkills, registry::DynamicList::kPrompts, registry::DynamicList::kResources})
      news->lists.emplace(list, "test/offers@1.0.0", "");
    news->resources.emplace("test://text", "");
    rack_.front.mcp.pass_on(news);
  }
  void write_news(net::RawClient& client, std::string& seen) {
    tell_all();
    for (const auto& [name, method, definition] :
         {std::tuple("news-tools", "tools/list_changed", "ToolListChangedNotification"),
          std::tuple("news-prompts", "prompts/list_changed", "PromptListChangedNotification"),
          std::tuple("news-resources", "resources/list_changed", "ResourceListChangedNotification"),
          std::tuple("news-updated", "resources/updated", "ResourceUpdatedNotification")})
      write_ours(name, std::string("notifications/") + method, definition, next_event(client, seen));
  }

  const std::shared_ptr<testing::AskingSkill> asking_ = std::make_shared<testing::AskingSkill>();
};

TEST_P(StreamSamples, OfProgress) {
  const auto messages =
      messages_of(send("tools/call", R"("name":"fake_progress",)", "fake_progress", R"(,"progressToken":"p")"));
  ASSERT_GE(messages.size(), 2U);
  write_ours("progress", "notifications/progress", "ProgressNotification", messages.front());
  write_result("answer-after-progress", "CallToolResult", messages.back());
}

TEST_P(StreamSamples, OfLogLines) {
  const auto messages = messages_of(send("tools/call", R"("name":"fake_log",)", "fake_log",
                                         is_modern() ? R"(,"io.modelcontextprotocol/logLevel":"info")" : ""));
  ASSERT_EQ(messages.size(), 3U);
  write_ours("log-with-fields", "notifications/message", "LoggingMessageNotification", messages[0]);
  write_ours("log", "notifications/message", "LoggingMessageNotification", messages[1]);
}

TEST_P(StreamSamples, OfQuestions) {
  if (is_modern()) {
    auto headers = modern_headers("tools/call", "ask_all");
    const auto reply = testing::exchange(
        rack_.port, "POST", "/mcp", headers,
        R"({"jsonrpc":"2.0","id":"s 1","method":"tools/call","params":{"name":"ask_all","arguments":{"together":true,)"
        R"("ask":["form:a","url:b","sample:c","roots:d"]},"_meta":{"io.modelcontextprotocol/protocolVersion":)"
        R"("2026-07-28","io.modelcontextprotocol/clientCapabilities":)" +
            std::string(kAll) + "}}}");
    const auto body = parsed(reply.body);
    ASSERT_EQ(at(body, "/result/resultType"), "input_required") << reply.body;
    ASSERT_EQ(base::json::at(body, "/result/inputRequests")->MemberCount(), 4U);
    return write("input-required", {{response(), reply.body},
                                    {"CallToolResultResponse", reply.body},
                                    {"InputRequiredResult", at(body, "/result")},
                                    {"InputRequests", at(body, "/result/inputRequests")}});
  }
  exchange_question("sample:m", "sampling/createMessage", "CreateMessageRequest",
                    R"({"role":"assistant","content":{"type":"text","text":"Paris"},"model":"m"})");
  exchange_question("roots:r", "roots/list", "ListRootsRequest", R"({"roots":[]})");
  if (GetParam() >= Revision::k20250618)
    exchange_question("form:who", "elicitation/create", "ElicitRequest", R"({"action":"decline"})");
  if (GetParam() >= Revision::k20251125)
    exchange_question("url:page", "elicitation/create", "ElicitRequest", R"({"action":"accept"})");
}

TEST_P(StreamSamples, OfAQuestionThatIsTakenBack) {
  if (is_modern()) return;  // It has no requests that could be.
  auto client = ask("sample:m");
  std::string seen;
  ASSERT_EQ(at(parsed(next_event(client, seen)), "/method"), "sampling/createMessage");
  post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s 1"}})");
  write_ours("taken-back", "notifications/cancelled", "CancelledNotification", next_event(client, seen));
}

TEST_P(StreamSamples, OfNews) {
  auto client = net::RawClient::tcp(rack_.port);
  std::string seen;
  if (is_modern()) {
    client.send(testing::http_request(
        "POST", "/mcp?expose=flat", modern_headers("subscriptions/listen"),
        modern_body(R"("s 1")", "subscriptions/listen",
                    R"("notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,)"
                    R"("resourceSubscriptions":["test://text"]},)")));
    const auto acknowledged = next_event(client, seen);
    write_ours("acknowledged", "notifications/subscriptions/acknowledged", "SubscriptionsAcknowledgedNotification",
               acknowledged);
    EXPECT_EQ(at(parsed(acknowledged), "/params/notifications/resourceSubscriptions"), R"(["test://text"])");
    write_news(client, seen);
    rack_.front.mcp.end_streams();
    const auto end = next_event(client, seen);
    write("listen-end", {{response(), end},
                         {"SubscriptionsListenResultResponse", end},
                         {"SubscriptionsListenResult", at(parsed(end), "/result")}});
    return;
  }
  write_result("subscribed", "EmptyResult", send("resources/subscribe", R"("uri":"test://text",)"));
  client.send(testing::http_request("GET", "/mcp?expose=flat", legacy_headers(session_, revision()), ""));
  while (seen.find("\r\n\r\n") == std::string::npos) ASSERT_TRUE(client.read_more(seen));
  write_news(client, seen);
}

INSTANTIATE_TEST_SUITE_P(Revisions, StreamSamples, every_revision(), revision_name);

}  // namespace
}  // namespace toolrack::mcp
