/// The tasks extension: which calls become tasks, what is told of them, and to whom.
#include <gmock/gmock.h>

#include "mcp_fixture.hpp"
#include "support/asking_skill.hpp"
#include "support/raw_client.hpp"

namespace toolrack::mcp {
namespace {

using namespace std::chrono_literals;
using testing::at;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::parsed;

constexpr std::string_view kKnowsTasks = R"({"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}})";
constexpr std::string_view kKnowsNone = R"({"elicitation":{}})";
constexpr auto kAda = R"({"who":{"action":"accept","content":{"name":"Ada"}}})";

class TasksTest : public McpTest {
 protected:
  TasksTest() : McpTest({.loops = 2}) {
    const auto job = [](std::string name, std::shared_ptr<registry::Handler> handler) {
      testing::FakeSkill skill{.name = std::move(name), .handler = std::move(handler)};
      skill.async = true;
      return skill;
    };
    const auto fails = [&](std::string name, base::ErrorCode code) {
      return job(std::move(name), std::make_shared<testing::InstantSkill>(
                                      base::Error(code, "no luck", "Try less.").with_name("fake.failed")));
    };
    auto only = job("only", fake_.echo), first = job("first", asking_), talks = job("talks", talking());
    only.job_only = true;
    first.asks_first = true;
    testing::FakeSkill long_one{.name = "long", .handler = fake_.echo, .estimated_seconds = 30};
    rack_.rack.publish({testing::make_tool("fake", {{.name = "echo", .handler = fake_.echo},
                                                    job("job", fake_.echo),
                                                    long_one,
                                                    only,
                                                    first,
                                                    talks,
                                                    job("asks", asking_),
                                                    job("wait", fake_.waiting),
                                                    job("number", std::make_shared<testing::InstantSkill>("1.0e2")),
                                                    fails("errs", base::ErrorCode::kToolError),
                                                    fails("breaks", base::ErrorCode::kInternal)})});
  }
  ~TasksTest() override {
    rack_.front.mcp.end_streams();
    rack_.rack.end_jobs();
  }
  /// Answers with content, structured output, _meta and a price.
  static std::shared_ptr<registry::Handler> talking() {
    return std::make_shared<testing::InstantSkill>([](const registry::Invocation&) {
      auto outcome = testing::success(R"({"big":12345678901234567890,"f":1.50})");
      outcome.parts.push_back({.text = "hear", .extra_json = R"({"annotations":{"priority":1}})"});
      outcome.parts.push_back({.type = registry::Part::Type::kLink, .uri = "test://x", .name = "x"});
      outcome.meta_json = R"({"example.com/a":{"b":[1.0]},"io.modelcontextprotocol/serverInfo":"not ours"})";
      return outcome;
    });
  }

  net::RawReply ask(const std::string& method, const std::string& name, std::string_view members,
                    std::string_view capabilities = kKnowsTasks, const std::string& key = "") {
    auto headers = modern_headers(method, name);
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
    return testing::exchange(
        rack_.port, "POST", "/mcp", headers,
        R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{)" + std::string(members) +
            R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":)" +
            std::string(capabilities) + "}}}");
  }
  net::RawReply call(const std::string& skill, std::string_view arguments = "{}",
                     std::string_view capabilities = kKnowsTasks, const std::string& key = "") {
    return ask("tools/call", "fake_" + skill, R"("name":"fake_)" + skill + R"(","arguments":)" + std::string(arguments),
               capabilities, key);
  }
  /// The id of the task that the call has become.
  std::string begin(const std::string& skill, std::string_view arguments = "{}", const std::string& key = "") {
    const auto reply = call(skill, arguments, kKnowsTasks, key);
    EXPECT_EQ(at(parsed(reply.body), "/result/resultType"), "task") << reply.body;
    return at(parsed(reply.body), "/result/taskId");
  }
  net::RawReply of_task(const std::string& method, const std::string& task, std::string_view more = "",
                        const std::string& key = "") {
    return ask(method, task, R"("taskId":")" + task + "\"" + std::string(more), kKnowsTasks, key);
  }
  base::json::Document get(const std::string& task, const std::string& key = "") {
    return parsed(of_task("tasks/get", task, "", key).body);
  }
  /// The task once it has another status.
  base::json::Document get_after(std::string_view status, const std::string& task) {
    const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
    auto told = get(task);
    while (at(told, "/result/status") == status && std::chrono::steady_clock::now() < end) told = get(task);
    return told;
  }
  /// The task once it has ended. One that asks and is cancelled works again before it has: it is told there.
  base::json::Document ended(const std::string& task) {
    auto told = get_after("input_required", task);
    return at(told, "/result/status") == "working" ? get_after("working", task) : std::move(told);
  }
  /// The task once there is something at that place.
  base::json::Document get_with(std::string_view pointer, const std::string& task) {
    const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
    auto told = get(task);
    while (base::json::at(told, pointer) == nullptr && std::chrono::steady_clock::now() < end) told = get(task);
    return told;
  }
  std::string code(const net::RawReply& reply) { return at(parsed(reply.body), "/error/code"); }
  /// What a plain call of the skill is answered with.
  base::json::Document direct(const std::string& skill, std::string_view arguments = "{}") {
    return parsed(call(skill, arguments, kKnowsNone).body);
  }

  std::shared_ptr<testing::AskingSkill> asking_ = std::make_shared<testing::AskingSkill>();
};

TEST_F(TasksTest, AreDeclaredAsAnExtensionToModernClients) {
  const auto discovered = parsed(ask("server/discover", "", R"("x":1)").body);
  EXPECT_EQ(at(discovered, "/result/capabilities/extensions"), R"({"io.modelcontextprotocol/tasks":{}})");
  EXPECT_EQ(at(discovered, "/result/capabilities/tasks"), "(absent)");
  const auto opened =
      testing::exchange(rack_.port, "POST", "/mcp", base_headers(),
                        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
                        R"("capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
  EXPECT_EQ(at(parsed(opened.body), "/result/capabilities/extensions"), "(absent)");
  EXPECT_NE(at(parsed(opened.body), "/result/capabilities"), "(absent)");
}

TEST_F(TasksTest, AreWhatLongCallsBecomeForClientsThatKnowThem) {
  for (const auto* skill : {"job", "long", "only"}) {
    const auto reply = call(skill);
    EXPECT_EQ(reply.status, 200);
    const auto created = parsed(reply.body);
    EXPECT_EQ(at(created, "/result/resultType"), "task") << skill;
    EXPECT_THAT(at(created, "/result/taskId"), MatchesRegex("job_[0-9A-Z]{26}"));
    EXPECT_EQ(at(created, "/result/status"), "working");
    EXPECT_THAT(at(created, "/result/createdAt"), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"));
    EXPECT_EQ(at(created, "/result/createdAt"), at(created, "/result/lastUpdatedAt"));
    EXPECT_EQ(at(created, "/result/ttlMs"), "604800000") << "a week";
    EXPECT_EQ(at(created, "/result/pollIntervalMs"), "1000");
    EXPECT_EQ(base::json::at(created, "/result")->MemberCount(), 8u) << reply.body;
    EXPECT_EQ(at(created, "/result/_meta/io.modelcontextprotocol~1serverInfo/name"), "toolrack");
  }
  for (const auto* skill : {"job", "long"})
    EXPECT_EQ(at(direct(skill), "/result/resultType"), "complete") << "without the extension it is waited for";
  EXPECT_EQ(at(parsed(call("echo").body), "/result/resultType"), "complete") << "what is short is no task";
  EXPECT_EQ(at(parsed(ask("tools/call", "fake_echo", R"("name":"fake_echo","arguments":{},"task":{"ttl":60000})").body),
               "/result/resultType"),
            "complete")
      << "the client has no say";
}

TEST_F(TasksTest, EndWithTheResultThatTheCallWouldHaveHad) {
  for (const auto* skill : {"talks", "number", "job", "errs"}) {
    const auto told = get_after("working", begin(skill, R"({"text":"ä"})"));
    EXPECT_EQ(at(told, "/result/status"), "completed") << skill;
    EXPECT_EQ(at(told, "/result/resultType"), "complete");
    const auto expected = direct(skill, R"({"text":"ä"})");
    for (const auto* member : {"content", "structuredContent", "isError", "resultType"})
      EXPECT_EQ(at(told, "/result/result/" + std::string(member)), at(expected, "/result/" + std::string(member)))
          << skill << " " << member;
    for (const auto* member : {"example.com~1a", "io.modelcontextprotocol~1serverInfo", "dev.toolrack~1cost_usd"})
      EXPECT_EQ(at(told, "/result/result/_meta/" + std::string(member)),
                at(expected, "/result/_meta/" + std::string(member)))
          << skill << " " << member;
    EXPECT_NE(at(told, "/result/result/_meta/dev.toolrack~1request_id"), "(absent)");
    EXPECT_EQ(base::json::at(told, "/result/result")->MemberCount(),
              base::json::at(expected, "/result")->MemberCount());
  }
  EXPECT_EQ(at(get_after("working", begin("errs")), "/result/result/isError"), "true");
}

TEST_F(TasksTest, KeepTheSpellingOfNumbers) {
  const auto task = begin("talks");
  get_after("working", task);
  EXPECT_THAT(of_task("tasks/get", task).body,
              HasSubstr(R"("structuredContent":{"big":12345678901234567890,"f":1.50})"));
}

TEST_F(TasksTest, FailWithAnErrorOfTheProtocolOnly) {
  const auto told = get_after("working", begin("breaks"));
  EXPECT_EQ(at(told, "/result/status"), "failed");
  EXPECT_EQ(at(told, "/result/error"), R"({"code":-32603,"message":"no luck","data":{"code":"fake.failed"}})");
  EXPECT_EQ(at(told, "/result/result"), "(absent)");

  const auto lacking = get_after("working", begin("asks", R"({"ask":["roots:dirs"]})"));
  EXPECT_EQ(at(lacking, "/result/status"), "failed");
  EXPECT_EQ(at(lacking, "/result/error/code"), "-32021");
  EXPECT_EQ(at(lacking, "/result/error/data"), R"({"requiredCapabilities":{"roots":{}}})");
}

TEST_F(TasksTest, AreToldHowFarTheyAre) {
  const auto task = begin("wait");
  const auto told = get(task);
  EXPECT_EQ(at(told, "/result/taskId"), task);
  EXPECT_EQ(at(told, "/result/status"), "working");
  EXPECT_EQ(at(told, "/result/resultType"), "complete");
  for (const auto* absent : {"result", "error", "inputRequests", "requestState"})
    EXPECT_EQ(at(told, "/result/" + std::string(absent)), "(absent)");
  EXPECT_GE(base::json::at(told, "/result/ttlMs")->GetInt64(), 604800000) << "a week from now at least";
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1)) << "a task is told of before it begins";
  fake_.waiting->release();
  const auto last = get_after("working", task);
  EXPECT_EQ(at(last, "/result/status"), "completed");
  EXPECT_EQ(at(last, "/result/result/structuredContent/late"), "true");
}

TEST_F(TasksTest, AskAndAreAnswered) {
  const auto task = begin("asks", R"({"ask":["form:who","form:colour"],"together":true})");
  const auto told = get_with("/result/inputRequests/colour", task);  // It is the second that is asked.
  EXPECT_EQ(at(told, "/result/status"), "input_required");
  EXPECT_EQ(at(told, "/result/inputRequests/who/method"), "elicitation/create");
  EXPECT_EQ(at(told, "/result/inputRequests/who/params/mode"), "form");
  EXPECT_EQ(at(told, "/result/inputRequests/colour/params/message"), "Please.");

  const auto refused = of_task("tasks/update", task, R"(,"inputResponses":{"who":{"action":"perhaps"}})");
  EXPECT_EQ(code(refused), "-32602");
  EXPECT_EQ(code(of_task("tasks/update", task)), "-32602") << "no inputResponses";
  EXPECT_EQ(code(of_task("tasks/update", task, R"(,"inputResponses":[])")), "-32602");

  const auto taken = of_task("tasks/update", task,
                             R"(,"inputResponses":{"stranger":{"x":1},"who":)"
                             R"({"action":"accept","content":{"name":"Ada"}}})");
  EXPECT_EQ(taken.status, 200);
  EXPECT_EQ(at(parsed(taken.body), "/result/resultType"), "complete");
  EXPECT_EQ(base::json::at(parsed(taken.body), "/result")->MemberCount(), 2u) << taken.body;
  const auto half = get(task);
  EXPECT_EQ(at(half, "/result/status"), "input_required");
  EXPECT_EQ(at(half, "/result/inputRequests/who"), "(absent)");
  EXPECT_NE(at(half, "/result/inputRequests/colour"), "(absent)");

  of_task("tasks/update", task, R"(,"inputResponses":{"colour":{"action":"decline"}})");
  auto ended = get_after("working", task);
  EXPECT_EQ(at(ended, "/result/status"), "completed");
  EXPECT_EQ(at(ended, "/result/result/structuredContent/said"), R"(["{\"name\":\"Ada\"}","declined"])");
  EXPECT_EQ(at(parsed(of_task("tasks/update", task, R"(,"inputResponses":{})").body), "/result/resultType"),
            "complete");
}

TEST_F(TasksTest, AskBeforeThereIsOneWhereTheSkillDoes) {
  const auto asked = call("first", R"({"ask":["form:who"]})");
  const auto round = parsed(asked.body);
  EXPECT_EQ(at(round, "/result/resultType"), "input_required");
  EXPECT_EQ(at(round, "/result/taskId"), "(absent)");
  const auto created =
      ask("tools/call", "fake_first",
          R"("name":"fake_first","arguments":{"ask":["form:who"]},"inputResponses":)" + std::string(kAda) +
              R"(,"requestState":)" + base::json::quote(at(round, "/result/requestState")));
  EXPECT_EQ(at(parsed(created.body), "/result/resultType"), "task") << created.body;
  EXPECT_THAT(created.body, Not(HasSubstr("requestState")));
  const auto told = get_after("working", at(parsed(created.body), "/result/taskId"));
  EXPECT_EQ(at(told, "/result/status"), "completed");
  EXPECT_EQ(at(told, "/result/result/structuredContent/said/0"), R"({"name":"Ada"})");
}

TEST_F(TasksTest, AreCancelledAndMayBeAskedForThatAgain) {
  const auto task = begin("wait");
  for (int i = 0; i < 2; ++i) {
    const auto reply = of_task("tasks/cancel", task);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(at(parsed(reply.body), "/result/resultType"), "complete") << reply.body;
    EXPECT_EQ(base::json::at(parsed(reply.body), "/result")->MemberCount(), 2u);
    EXPECT_EQ(at(ended(task), "/result/status"), "cancelled");
  }
  const auto asking = begin("asks", R"({"ask":["form:who"]})");
  get_after("working", asking);
  of_task("tasks/cancel", asking);
  EXPECT_EQ(at(ended(asking), "/result/status"), "cancelled");
}

TEST_F(TasksTest, BelongToTheirAccount) {
  const auto key = rack_.rack.make_key("acc_one"), other = rack_.rack.make_key("acc_two");
  const auto task = begin("wait", "{}", key);
  EXPECT_EQ(at(get(task, key), "/result/status"), "working");
  for (const auto& stranger : {other, std::string()}) {
    for (const auto* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
      const std::string nobodys = "job_00000000000000000000000000";
      const auto refused = of_task(method, task, R"(,"inputResponses":{})", stranger);
      const auto unknown = of_task(method, nobodys, R"(,"inputResponses":{})", stranger);
      EXPECT_EQ(code(refused), "-32602");
      auto as_of_nobodys = at(parsed(refused.body), "/error");
      as_of_nobodys.replace(as_of_nobodys.find(task), task.size(), nobodys);
      EXPECT_EQ(as_of_nobodys, at(parsed(unknown.body), "/error"))
          << "but for what was asked, nothing tells them apart";
    }
  }
  EXPECT_EQ(at(get(task, key), "/result/status"), "working");
}

TEST_F(TasksTest, NeedTheExtensionInTheRequestItself) {
  const auto task = begin("wait");
  constexpr auto kRequired = R"({"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}})";
  for (const auto* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    const auto refused = ask(method, task, R"("taskId":")" + task + "\"", kKnowsNone);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(code(refused), "-32021") << method;
    EXPECT_EQ(at(parsed(refused.body), "/error/data"), kRequired);
  }
  const auto only = call("only", "{}", kKnowsNone);
  EXPECT_EQ(only.status, 400);
  EXPECT_EQ(code(only), "-32021");
  EXPECT_EQ(at(parsed(only.body), "/error/data"), kRequired);
  EXPECT_EQ(at(get(task), "/result/status"), "working") << "and it was not cancelled";
}

TEST_F(TasksTest, AreNoConcernOfSessions) {
  const auto session = open_session("2025-11-25");
  const auto only = testing::exchange(
      rack_.port, "POST", "/mcp", legacy_headers(session, "2025-11-25"),
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fake_only","task":{"ttl":1000}}})");
  EXPECT_EQ(at(parsed(only.body), "/result/isError"), "false") << only.body;
  EXPECT_EQ(at(parsed(only.body), "/result/taskId"), "(absent)");
  const auto get = testing::exchange(rack_.port, "POST", "/mcp", legacy_headers(session, "2025-11-25"),
                                     R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"x"}})");
  EXPECT_EQ(code(get), "-32601");
}

TEST_F(TasksTest, HaveNoListAndNoResultMethod) {
  for (const auto* method : {"tasks/list", "tasks/result"}) {
    const auto reply = ask(method, "", R"("taskId":"x")");
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(code(reply), "-32601");
  }
}

TEST_F(TasksTest, OneThatIsNotThereIsNamedWithWhatToDo) {
  for (const auto* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    const auto reply = of_task(method, "job_of_nobody", R"(,"inputResponses":{})");
    EXPECT_EQ(code(reply), "-32602");
    EXPECT_THAT(at(parsed(reply.body), "/error/message"),
                AllOf(HasSubstr(R"(there is no task "job_of_nobody": )"), HasSubstr("call the tool again")))
        << method;
    const std::string longer(300, 'x');
    EXPECT_THAT(at(parsed(of_task(method, longer, R"(,"inputResponses":{})").body), "/error/message"),
                HasSubstr('"' + longer.substr(0, 80) + "…\":"));
    EXPECT_THAT(at(parsed(ask(method, "", R"("taskId":7)", kKnowsTasks).body), "/error/message"),
                "params.taskId is a number; it must be a string");
  }
  EXPECT_THAT(at(parsed(of_task("tasks/update", begin("wait"), R"(,"inputResponses":[])").body), "/error/message"),
              "params.inputResponses is an array; it must be an object");
}

TEST_F(TasksTest, AreNamedInAHeaderToo) {
  const auto task = begin("wait");
  for (const auto* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    EXPECT_EQ(code(ask(method, "job_other", R"("taskId":")" + task + "\"")), "-32020");
    EXPECT_EQ(code(ask(method, "", R"("taskId":")" + task + "\"")), "-32020");
    EXPECT_EQ(code(ask(method, "", R"("taskId":7)")), "-32602");
  }
  EXPECT_EQ(at(get(task), "/result/status"), "working");
}

TEST_F(TasksTest, ComeOutOfUseToolAsWell) {
  const auto through = [&](std::string_view capabilities, std::string_view more = "") {
    return parsed(ask("tools/call", "use_tool",
                      R"("name":"use_tool","arguments":{"tool":"fake","skill":"job")" + std::string(more) + "}",
                      capabilities)
                      .body);
  };
  EXPECT_EQ(at(through(kKnowsTasks), "/result/resultType"), "task");
  EXPECT_EQ(at(through(kKnowsTasks, R"(,"async":false)"), "/result/resultType"), "complete");
  const auto job = through(kKnowsNone);
  EXPECT_EQ(at(job, "/result/resultType"), "complete");
  EXPECT_THAT(at(job, "/result/structuredContent/job_id"), HasSubstr("job_"));
}

class TaskNewsTest : public TasksTest {
 protected:
  net::RawClient listen(const std::string& tasks, std::string_view capabilities = kKnowsTasks,
                        const std::string& key = "") {
    auto client = net::RawClient::tcp(rack_.port);
    auto headers = modern_headers("subscriptions/listen");
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
    client.send(testing::http_request(
        "POST", "/mcp", headers,
        R"({"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{"notifications":{"taskIds":)" + tasks +
            R"(},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":)" +
            std::string(capabilities) + "}}}"));
    return client;
  }
  static bool read(net::RawClient& client, std::string& heard, std::string_view what) {
    while (heard.find(what) == std::string::npos)
      if (!client.read_more(heard)) return false;
    return true;
  }
};

TEST_F(TaskNewsTest, ReachWhoListensWithTheWholeTask) {
  const auto task = begin("asks", R"({"ask":["form:who"]})");
  get_after("working", task);
  std::string heard;
  auto client = listen(R"([")" + task + R"(","job_never"])");
  ASSERT_TRUE(read(client, heard, "acknowledged"));
  EXPECT_THAT(heard, HasSubstr(R"("notifications":{"taskIds":[")" + task + R"("]})")) << "what there is";
  ASSERT_TRUE(read(client, heard, "notifications/tasks")) << "as it is when the client begins to listen";
  ASSERT_TRUE(read(client, heard, R"("inputRequests":{"who":)"));
  EXPECT_THAT(heard, HasSubstr(R"("io.modelcontextprotocol/subscriptionId":"s")"));
  of_task("tasks/update", task, R"(,"inputResponses":)" + std::string(kAda));
  ASSERT_TRUE(read(client, heard, R"("status":"completed")"));
  EXPECT_THAT(heard, HasSubstr(R"("taskId":")" + task + R"(","status":"completed")"));
}

TEST_F(TaskNewsTest, AreForTheAccountAlone) {
  const auto key = rack_.rack.make_key("acc_one"), other = rack_.rack.make_key("acc_two");
  const auto task = begin("wait", "{}", key);
  std::string heard;
  auto stranger = listen("[\"" + task + "\"]", kKnowsTasks, other);
  ASSERT_TRUE(read(stranger, heard, "acknowledged"));
  EXPECT_THAT(heard, Not(HasSubstr(task)));
  std::string own;
  auto owner = listen("[\"" + task + "\"]", kKnowsTasks, key);
  ASSERT_TRUE(read(owner, own, R"("status":"working")"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1)) << "a task is told of before it begins";
  fake_.waiting->release();
  ASSERT_TRUE(read(owner, own, R"("status":"completed")"));
  settle();  // Whoever is told has been told.
  rack_.front.mcp.end_streams();
  read(stranger, heard, "0\r\n\r\n");  // The last chunk.
  EXPECT_THAT(heard, Not(HasSubstr("notifications/tasks")));
}

TEST_F(TaskNewsTest, NeedTheExtension) {
  auto client = listen(R"(["job_x"])", kKnowsNone);
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 400);
  EXPECT_EQ(code(*reply), "-32021");
  EXPECT_EQ(code(*listen("7").read_reply()), "-32602");
}

}  // namespace
}  // namespace toolrack::mcp
