/// Questions on both wires: `input_required` and its answers; requests of ours on a legacy stream and the client's
/// responses.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "mcp_fixture.hpp"
#include "support/asking_skill.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using ::testing::HasSubstr;
using testing::next_event;
using testing::parsed;

constexpr auto kCapabilities = R"({"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}})";

class QuestionsTest : public McpTest {
 protected:
  QuestionsTest() : McpTest({.loops = 2}) {
    rack_.rack.publish({testing::make_tool("fake", {{.name = "asks", .handler = asking_}})});
  }
  ~QuestionsTest() override { rack_.rack.wait_for_calls(); }
  std::shared_ptr<testing::AskingSkill> asking_ = std::make_shared<testing::AskingSkill>();
};

class ModernQuestionsTest : public QuestionsTest {
 protected:
  static std::string body(std::string_view asks, std::string_view more = "",
                          std::string_view capabilities = kCapabilities, std::string_view id = "1") {
    return R"({"jsonrpc":"2.0","id":)" + std::string(id) +
           R"(,"method":"tools/call","params":{"name":"fake_asks","arguments":{"ask":[)" + std::string(asks) + "]}" +
           std::string(more) +
           R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":)" +
           std::string(capabilities) + "}}}";
  }
  net::RawReply call(const std::string& text) {
    return testing::exchange(rack_.port, "POST", "/mcp", modern_headers("tools/call", "fake_asks"), text);
  }
  /// With the answers to what `reply` asked.
  static std::string with(const net::RawReply& reply, std::string_view answers) {
    return R"(,"inputResponses":)" + std::string(answers) + R"(,"requestState":)" +
           base::json::quote(at(parsed(reply.body), "/result/requestState"));
  }
};

constexpr auto kWho = R"("form:who")";
constexpr auto kAda = R"({"who":{"action":"accept","content":{"name":"Ada"}}})";

TEST_F(ModernQuestionsTest, AnswersWithInputRequiredAndGoesOnWithTheAnswers) {
  const auto asked = call(body(kWho));
  ASSERT_EQ(asked.status, 200) << asked.body;
  EXPECT_EQ(testing::header(asked, "content-type"), "application/json");
  const auto result = parsed(asked.body);
  EXPECT_EQ(at(result, "/result/resultType"), "input_required");
  EXPECT_EQ(at(result, "/result/inputRequests/who/method"), "elicitation/create");
  EXPECT_EQ(at(result, "/result/inputRequests/who/params/mode"), "form");
  EXPECT_EQ(at(result, "/result/inputRequests/who/params/requestedSchema/type"), "object");
  EXPECT_EQ(base::json::at(result, "/result/inputRequests/who/id"), nullptr);
  EXPECT_EQ(base::json::at(result, "/result/content"), nullptr);
  EXPECT_EQ(base::json::at(result, "/result/ttlMs"), nullptr);

  const auto ended = parsed(call(body(kWho, with(asked, kAda), kCapabilities, "\"two\"")).body);
  EXPECT_EQ(at(ended, "/id"), "two");
  EXPECT_EQ(at(ended, "/result/resultType"), "complete");
  EXPECT_EQ(at(ended, "/result/structuredContent/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(at(ended, "/result/structuredContent/run"), "1");
}

TEST_F(ModernQuestionsTest, RefusesAStateThatIsNotOurs) {
  const auto asked = call(body(kWho));
  for (const std::string state : {R"("x")", R"("")", "7", R"("QUJD")"}) {
    const auto refused = parsed(call(body(kWho, R"(,"inputResponses":{},"requestState":)" + state)).body);
    EXPECT_EQ(at(refused, "/error/code"), "-32602") << state;
  }
  EXPECT_EQ(at(parsed(call(body(R"("form:other")", with(asked, kAda))).body), "/error/code"), "-32602");
  EXPECT_EQ(at(parsed(call(body(kWho, R"(,"inputResponses":[])")).body), "/error/code"), "-32602");
  EXPECT_EQ(at(parsed(call(body(kWho, with(asked, R"({"who":"Ada"})"))).body), "/error/code"), "-32602");
  EXPECT_EQ(at(parsed(call(body(kWho, with(asked, kAda))).body), "/result/resultType"), "complete");
  EXPECT_EQ(at(parsed(call(body(kWho, with(asked, kAda))).body), "/error/code"), "-32602") << "it is used";
}

TEST_F(ModernQuestionsTest, AsksAgainForAnswersThatAreMissing) {
  const auto asked = call(body(kWho));
  const auto again = call(body(kWho, with(asked, R"({"wrong_key":{"action":"decline"}})")));
  EXPECT_EQ(at(parsed(again.body), "/result/resultType"), "input_required");
  EXPECT_NE(at(parsed(again.body), "/result/requestState"), at(parsed(asked.body), "/result/requestState"));
  EXPECT_EQ(asking_->invoked.value(), 1);
  EXPECT_EQ(at(parsed(call(body(kWho, with(again, kAda))).body), "/result/resultType"), "complete");
}

TEST_F(ModernQuestionsTest, NamesTheCapabilityThatIsMissing) {
  const auto refused = call(body(R"("sample:model")", "", "{}"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(parsed(refused.body), "/error/code"), "-32021");
  EXPECT_THAT(refused.body, HasSubstr(R"("requiredCapabilities":{"sampling":{}})"));
  const auto url = call(body(R"("url:page")", "", R"({"elicitation":{}})"));
  EXPECT_THAT(url.body, HasSubstr(R"("requiredCapabilities":{"elicitation":{"url":{}}})"));
  EXPECT_EQ(at(parsed(call(body(kWho, "", R"({"elicitation":{}})")).body), "/result/resultType"), "input_required");
}

TEST_F(ModernQuestionsTest, AsksEveryKind) {
  const auto url = parsed(call(body(R"("url:page")")).body);
  EXPECT_EQ(at(url, "/result/inputRequests/page/params/mode"), "url");
  EXPECT_EQ(at(url, "/result/inputRequests/page/params/url"), "https://example.com/agree");
  EXPECT_EQ(base::json::at(url, "/result/inputRequests/page/params/elicitationId"), nullptr);
  const auto sample = parsed(call(body(R"("sample:m")")).body);
  EXPECT_EQ(at(sample, "/result/inputRequests/m/method"), "sampling/createMessage");
  EXPECT_EQ(at(sample, "/result/inputRequests/m/params/maxTokens"), "100");
  EXPECT_EQ(at(parsed(call(body(R"("roots:r")")).body), "/result/inputRequests/r/method"), "roots/list");
}

class LegacyQuestionsTest : public QuestionsTest {
 protected:
  std::string open(std::string_view capabilities = kCapabilities, std::string_view version = "2025-11-25") {
    return open_session(version, {}, capabilities);
  }
  std::string call(const std::string& session, std::string_view asks, std::string version = "2025-11-25") {
    return testing::http_request("POST", "/mcp", legacy_headers(session, std::move(version)),
                                 R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"fake_asks",)"
                                 R"("arguments":{"ask":[)" +
                                     std::string(asks) + "]}}}");
  }
  void cancel(const std::string& session) {
    testing::exchange(rack_.port, "POST", "/mcp", legacy_headers(session, "2025-11-25"),
                      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}})");
  }
  net::RawReply respond(const std::string& session, const std::string& id, std::string_view rest) {
    return testing::exchange(rack_.port, "POST", "/mcp", legacy_headers(session, "2025-11-25"),
                             R"({"jsonrpc":"2.0","id":)" + base::json::quote(id) + "," + std::string(rest) + "}");
  }
};

TEST_F(LegacyQuestionsTest, AsksOnTheStreamAndTakesTheResponse) {
  const auto session = open();
  auto client = net::RawClient::tcp(rack_.port);
  client.send(call(session, kWho));
  std::string seen;
  const auto question = parsed(next_event(client, seen));
  EXPECT_EQ(at(question, "/method"), "elicitation/create");
  EXPECT_EQ(at(question, "/params/message"), "Please.");
  const auto other = open();
  EXPECT_EQ(respond(other, at(question, "/id"), R"("result":{"action":"decline"})").status, 202) << "of no effect";
  EXPECT_EQ(respond(session, at(question, "/id"), R"("result":{"action":"accept","content":{"name":"Ada"}})").status,
            202);
  const auto ended = parsed(next_event(client, seen));
  EXPECT_EQ(at(ended, "/id"), "5");
  EXPECT_EQ(at(ended, "/result/structuredContent/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(at(ended, "/result/structuredContent/run"), "0") << "the frame has waited";
  EXPECT_EQ(base::json::at(ended, "/result/resultType"), nullptr);
}

TEST_F(LegacyQuestionsTest, AsksAgainWhoTakesTheStreamUpAgain) {
  const auto session = open();
  auto client = net::RawClient::tcp(rack_.port);
  client.send(call(session, kWho));
  std::string seen;
  while (seen.find("\ndata: {") == std::string::npos && client.read_more(seen)) {
  }
  const auto id = seen.find("\nid: ") + 5;
  auto headers = legacy_headers(session, "2025-11-25");
  headers.emplace_back("Last-Event-ID", seen.substr(id, seen.find('\n', id) - id));
  const auto question = next_event(client, seen);
  client.reset();

  auto again = net::RawClient::tcp(rack_.port);
  again.send(testing::http_request("GET", "/mcp", headers, ""));
  std::string heard;
  EXPECT_EQ(next_event(again, heard), question);
  EXPECT_EQ(
      respond(session, at(parsed(question), "/id"), R"("result":{"action":"accept","content":{"name":"Ada"}})").status,
      202);
  const auto ended = parsed(next_event(again, heard));
  EXPECT_EQ(at(ended, "/id"), "5");
  EXPECT_EQ(at(ended, "/result/structuredContent/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(asking_->invoked.value(), 1);
}

TEST_F(LegacyQuestionsTest, UnderstandsRefusalsAndErrors) {
  const auto session = open();
  for (const auto& [response, said] :
       {std::pair(R"("result":{"action":"decline"})", "declined"),
        std::pair(R"("result":{"action":"cancel"})", "dismissed"),
        std::pair(R"("result":{"action":"accept","content":{"name":7}})", "invalid_answer"),
        std::pair(R"("error":{"code":-1,"message":"no"})", "declined"),
        std::pair(R"("error":{"code":-32601,"message":"what?"})", "cannot_ask"),
        std::pair(R"("error":{"code":-32000,"message":"broken"})", "question_failed")}) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(call(session, kWho));
    std::string seen;
    const auto question = parsed(next_event(client, seen));
    respond(session, at(question, "/id"), response);
    EXPECT_EQ(at(parsed(next_event(client, seen)), "/result/structuredContent/said/0"), said) << response;
  }
}

TEST_F(LegacyQuestionsTest, AsksInTheWordsOfTheRevision) {
  const auto first_event = [&](std::string_view version, std::string_view asks) {
    const auto session = open(kCapabilities, version);
    auto client = net::RawClient::tcp(rack_.port);
    client.send(call(session, asks, std::string(version)));
    std::string seen;
    auto event = next_event(client, seen);
    cancel(session);
    return event;
  };
  const auto url = parsed(first_event("2025-11-25", R"("url:page")"));
  EXPECT_EQ(at(url, "/params/mode"), "url");
  EXPECT_EQ(at(url, "/params/elicitationId"), at(url, "/id"));
  EXPECT_EQ(base::json::at(parsed(first_event("2025-06-18", kWho)), "/params/mode"), nullptr);
  EXPECT_EQ(at(parsed(first_event("2024-11-05", R"("sample:m")")), "/method"), "sampling/createMessage");
}

TEST_F(LegacyQuestionsTest, TellsThatAPageIsDoneWithOnceTheCallHasEndedWell) {
  const auto session = open();
  auto client = net::RawClient::tcp(rack_.port);
  client.send(call(session, R"("url:page","url:other","url:third")"));
  std::string seen;
  std::vector<std::string> agreed;
  for (const auto* action : {"accept", "decline", "accept"}) {
    const auto question = parsed(next_event(client, seen));
    if (action == std::string_view("accept")) agreed.emplace_back(at(question, "/params/elicitationId"));
    respond(session, at(question, "/id"), fmt::format(R"("result":{{"action":"{}"}})", action));
  }
  for (const auto& id : agreed) {
    const auto told = parsed(next_event(client, seen));
    EXPECT_EQ(at(told, "/method"), "notifications/elicitation/complete");
    EXPECT_EQ(at(told, "/params/elicitationId"), id);
  }
  EXPECT_EQ(at(parsed(next_event(client, seen)), "/result/structuredContent/said/1"), "declined");
}

TEST_F(LegacyQuestionsTest, TellsNothingOfAPageWhenTheCallHasNotEndedWell) {
  const auto session = open();
  auto client = net::RawClient::tcp(rack_.port);
  client.send(call(session, R"("url:page","form:who")"));
  std::string seen;
  respond(session, at(parsed(next_event(client, seen)), "/id"), R"("result":{"action":"accept"})");
  EXPECT_EQ(at(parsed(next_event(client, seen)), "/method"), "elicitation/create");
  cancel(session);
  EXPECT_EQ(at(parsed(next_event(client, seen)), "/method"), "notifications/cancelled") << "and nothing before it";
}

TEST_F(LegacyQuestionsTest, AsksOnlyWhatTheClientDeclared) {
  const auto answer = [&](const std::string& session, std::string version) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(call(session, kWho, std::move(version)));
    return client.read_reply().value_or(net::RawReply{});
  };
  EXPECT_EQ(at(parsed(answer(open("{}"), "2025-11-25").body), "/result/isError"), "true");
  EXPECT_EQ(at(parsed(answer(open(kCapabilities, "2025-03-26"), "2025-03-26").body), "/result/isError"), "true")
      << "there was no elicitation then";
}

TEST_F(LegacyQuestionsTest, SaysThatACallInABatchCannotBeAsked) {
  const auto session = open(kCapabilities, "2025-03-26");
  const auto reply = testing::exchange(
      rack_.port, "POST", "/mcp", legacy_headers(session, "2025-03-26"),
      R"([{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"fake_asks","arguments":{"ask":["sample:m"]}}}])");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto said = parsed(at(parsed(reply.body), "/0/result/content/0/text"));
  EXPECT_EQ(at(said, "/said/0"), "cannot_ask");
  EXPECT_THAT(at(said, "/why"), HasSubstr("a call in a batch cannot be asked"));
  EXPECT_THAT(at(said, "/why"), HasSubstr("a request of its own"));
}

TEST_F(LegacyQuestionsTest, TakesAQuestionBackWhenTheCallIsCancelled) {
  const auto session = open();
  auto client = net::RawClient::tcp(rack_.port);
  client.send(call(session, kWho));
  std::string seen;
  const auto question = parsed(next_event(client, seen));
  cancel(session);
  const auto taken_back = parsed(next_event(client, seen));
  EXPECT_EQ(at(taken_back, "/method"), "notifications/cancelled");
  EXPECT_EQ(at(taken_back, "/params/requestId"), at(question, "/id"));
}

}  // namespace
}  // namespace toolrack::mcp
