/// Keys with tool sets at /mcp and over REST: what is not in the set is not there, whichever way somebody asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "support/offering_tool.hpp"
#include "tool_sets_fixture.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HeaderList;
using ::testing::Not;
using testing::parsed;

TEST_F(ToolSetsTest, ListsDifferByKeyAndSaySo) {
  EXPECT_THAT(listed(key(R"(["other"])")), ElementsAre("other_one", "other_two"));
  EXPECT_EQ(scope_, "private");
  EXPECT_THAT(listed(key(R"(["fake.echo","other","!other.two"])")), ElementsAre("fake_echo", "other_one"));
  EXPECT_GT(listed("").size(), 10u);
  EXPECT_EQ(scope_, "public");
  EXPECT_THAT(listed(key(R"(["other"])"), "?expose=flat&tools=other"), ElementsAre("other_one", "other_two"));
  EXPECT_THAT(listed(key(R"(["other"])"), "?expose=flat&tools=fake"), ElementsAre(HasSubstr("there is no tool")));
}

TEST_F(ToolSetsTest, TheMetaToolsAreEverybodys) {
  const auto everybodys = listed("", "");
  EXPECT_EQ(listed(key(R"(["other"])"), ""), everybodys);
  EXPECT_EQ(scope_, "public");
}

TEST_F(ToolSetsTest, LegacySessionsListTheSame) {
  const auto secret = key(R"(["other.one"])");
  const auto session = open_session("2025-06-18", {{"Authorization", "Bearer " + secret}});
  const auto reply = testing::exchange(rack_.port, "POST", "/mcp?expose=flat", with(legacy_headers(session), secret),
                                       R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  EXPECT_THAT(reply.body, HasSubstr("other_one"));
  EXPECT_THAT(reply.body, Not(HasSubstr("fake_")));
  EXPECT_THAT(reply.body, Not(HasSubstr("other_two")));
}

TEST_F(ToolSetsTest, NamesThatKeysGiveStandInNoMetric) {
  const auto secret = key(R"(["fake.echo"])", R"([{"skill":"fake.echo","name":"chosen_by_a_client"}])");
  EXPECT_EQ(at(parsed(call(secret, "chosen_by_a_client").body), "/result/isError"), "false");
  const auto text = rack_.rack.metrics.render();
  EXPECT_THAT(text, HasSubstr(R"(gen_ai_tool_name="fake_echo")"));
  EXPECT_THAT(text, Not(HasSubstr("chosen_by_a_client")));
}

TEST_F(ToolSetsTest, ARenamedToolIsCalledByItsNewNameOnly) {
  const auto secret = key(R"(["fake.echo"])", R"([{"skill":"fake.echo","name":"say","description":"Says it."}])");
  const auto list = ask(secret, "tools/list", "", "", "?expose=flat").body;
  EXPECT_THAT(list, HasSubstr(R"("name":"say")"));
  EXPECT_THAT(list, HasSubstr("Says it."));
  EXPECT_EQ(at(parsed(call(secret, "say").body), "/result/isError"), "false");
  EXPECT_EQ(neutral(call(secret, "fake_echo"), "fake_echo"), neutral(call(secret, "never_was"), "never_was"));
  EXPECT_EQ(at(parsed(call("", "fake_echo").body), "/result/isError"), "false") << "others go on as before";
  const auto mismatch = ask(secret, "tools/call", R"("name":"say",)", "fake_echo");
  EXPECT_EQ(mismatch.status, 400) << "Mcp-Name is the name in the body";
  const auto by_skill =
      ask(secret, "tools/call", R"("name":"use_tool","arguments":{"tool":"fake","skill":"echo"},)", "use_tool");
  EXPECT_EQ(at(parsed(by_skill.body), "/result/isError"), "false") << by_skill.body;
  const auto by_name = ask(secret, "tools/call", R"("name":"use_tool","arguments":{"tool":"say"},)", "use_tool");
  EXPECT_EQ(at(parsed(by_name.body), "/result/isError"), "false") << by_name.body;
}

/// One row for each way to ask: hidden and made-up names get the same answer, byte for byte but for the name.
TEST_F(ToolSetsTest, AHiddenToolIsAsUnknownAsOneThatNeverWas) {
  rack_.rack.publish({fake_.make(), other(), testing::offering_tool()});
  const auto secret = key(R"(["fake.echo"])");
  const auto session = open_session("2025-06-18", {{"Authorization", "Bearer " + secret}});
  const auto rest = [&](const std::string& method, const std::string& path, const std::string& body = "") {
    HeaderList headers{{"Content-Type", "application/json"}};
    return testing::exchange(rack_.port, method, path, with(headers, secret), body);
  };
  struct Way {
    std::string name;
    std::function<net::RawReply(const std::string&)> ask;
    std::string hidden, never;
  };
  const auto post = [&](const std::string& body) {
    return [&rest, body](const std::string& name) {
      return rest("POST", "/v1/tools/call", std::regex_replace(body, std::regex("%"), name));
    };
  };
  const std::vector<Way> ways = {
      {"tools/call", [&](const auto& name) { return call(secret, name); }, "other_one", "otter_one"},
      {"use_tool",
       [&](const auto& name) {
         return ask(secret, "tools/call", R"("name":"use_tool","arguments":{"tool":")" + name + R"(","skill":"one"},)",
                    "use_tool");
       },
       "other", "otter"},
      {"prompts/get",
       [&](const auto& name) { return ask(secret, "prompts/get", R"("name":")" + name + R"(",)", name); },
       "offers_hello", "otters_hello"},
      {"completion of a prompt",
       [&](const auto& name) {
         return ask(secret, "completion/complete",
                    R"("ref":{"type":"ref/prompt","name":")" + name + R"("},"argument":{"name":"who","value":""},)");
       },
       "offers_greet", "otters_greet"},
      {"completion of a template",
       [&](const auto& name) {
         return ask(secret, "completion/complete",
                    R"("ref":{"type":"ref/resource","uri":"test://)" + name +
                        R"(/{id}"},"argument":{"name":"id","value":""},)");
       },
       "items", "otems"},
      {"resources/read",
       [&](const auto& name) { return ask(secret, "resources/read", R"("uri":")" + name + R"(",)", name); },
       "test://text", "test://next"},
      {"resources/subscribe",
       [&](const auto& name) {
         return testing::exchange(
             rack_.port, "POST", "/mcp", with(legacy_headers(session), secret),
             R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":")" + name + "\"}}");
       },
       "test://text", "test://next"},
      {"a listen's resourceSubscriptions",
       [&](const auto& name) {
         auto client = net::RawClient::tcp(rack_.port);
         client.send(
             testing::http_request("POST", "/mcp", with(modern_headers("subscriptions/listen"), secret),
                                   modern_body("1", "subscriptions/listen",
                                               R"("notifications":{"resourceSubscriptions":[")" + name + R"("]},)")));
         std::string heard;
         while (heard.find("subscriptionId") == std::string::npos && client.read_more(heard)) {
         }
         net::RawReply reply;
         reply.status = heard.find(" 200 ") == std::string::npos ? 0 : 200;
         const auto from = std::min(heard.find("data:"), heard.size());
         reply.body = heard.substr(from, heard.find("subscriptionId") - from);
         return reply;
       },
       "test://text", "test://next"},
      {"REST call", post(R"({"tool":"%","skill":"one"})"), "other", "otter"},
      {"REST call of a flat name", post(R"({"tool":"%"})"), "other_one", "otter_one"},
      {"REST call of a version", post(R"({"tool":"%@1","skill":"one"})"), "other", "otter"},
      {"REST call with its owner", post(R"({"tool":"test/%","skill":"one"})"), "other", "otter"},
      {"REST call of a hidden skill", post(R"({"tool":"fake","skill":"%"})"), "later", "litre"},
      {"REST dry run", post(R"({"tool":"%","skill":"one","dry_run":true})"), "other", "otter"},
      {"REST job", post(R"({"tool":"%","skill":"one","async":true})"), "other", "otter"},
      {"REST batch",
       [&](const auto& name) {
         return rest("POST", "/v1/tools/batch", R"({"calls":[{"tool":")" + name + R"(","skill":"one"}]})");
       },
       "other", "otter"},
      {"REST tool", [&](const auto& name) { return rest("GET", "/v1/tools/" + name); }, "other", "otter"},
      {"REST backends", [&](const auto& name) { return rest("GET", "/v1/tools/" + name + "/backends"); }, "other",
       "otter"},
      {"REST search", [&](const auto& name) { return rest("GET", "/v1/tools/search?q=" + name); }, "other", "otter"},
  };
  for (const auto& way : ways) {
    const auto hidden = way.ask(way.hidden);
    EXPECT_EQ(neutral(hidden, way.hidden), neutral(way.ask(way.never), way.never)) << way.name;
    EXPECT_NE(hidden.status, 0) << way.name;
  }
  EXPECT_EQ(rest("POST", "/v1/tools/call", R"({"tool":"fake","skill":"echo","input":{}})").status, 200);
  EXPECT_THAT(ask("", "resources/read", R"("uri":"test://text",)", "test://text").body, HasSubstr("Some text"));
  EXPECT_THAT(ask("", "prompts/get", R"("name":"offers_hello",)", "offers_hello").body, HasSubstr("messages"));
  const auto whole = testing::exchange(rack_.port, "GET", "/v1/tools/other");
  EXPECT_EQ(whole.status, 200) << "the control: without the set it is there";
  for (const auto* path : {"/v1/tools", "/v1/tools/mcp", "/v1/tools/search?q=*", "/v1/providers"})
    EXPECT_THAT(rest("GET", path).body, Not(HasSubstr("other"))) << path;
  EXPECT_THAT(rest("POST", "/v1/tools/call", R"({"tool":"othe","skill":"one"})").body, Not(HasSubstr("other")))
      << "no name is suggested that the key does not see";
}

TEST_F(ToolSetsTest, ACursorBelongsToTheListItWasGivenFor) {
  std::vector<registry::Resource> many;
  auto tool = std::make_shared<registry::Tool>(*other());
  for (auto& skill : tool->skills) skill.tool = tool.get();
  for (int i = 0; i < 300; ++i)
    tool->resources.push_back({.tool = tool.get(), .uri = "other://" + std::to_string(1000 + i), .name = "n"});
  rack_.rack.publish({fake_.make(), tool});
  const auto one = key(R"(["other"])"), another = key(R"(["other","fake"])");
  const auto first = parsed(ask(one, "resources/list", "", "", "?expose=flat").body);
  EXPECT_EQ(at(first, "/result/cacheScope"), "private");
  const auto cursor = at(first, "/result/nextCursor");
  const auto next = [&](const std::string& key) {
    return parsed(ask(key, "resources/list", R"("cursor":")" + cursor + R"(",)", "", "?expose=flat").body);
  };
  EXPECT_EQ(base::json::at(next(one), "/result/resources")->Size(), 50u);
  EXPECT_EQ(at(next(another), "/error/code"), "-32602");
  EXPECT_EQ(at(next(""), "/error/code"), "-32602");
  const auto hidden = ask(key(R"(["other.one"])"), "resources/read", R"("uri":"other://1000",)", "other://1000");
  EXPECT_THAT(hidden.body, HasSubstr("there is no resource"));
  EXPECT_EQ(base::json::at(parsed(ask(key(R"(["other.one"])"), "resources/list", "", "", "?expose=flat").body),
                           "/result/resources")
                ->Size(),
            0u);
}

class StrangersTest : public ToolSetsTest {
 protected:
  StrangersTest() : ToolSetsTest({.mode = call::Mode::kHosted}) {}
};

TEST_F(StrangersTest, SeeTheMetaToolsAndMayLookAtAllButCallNothing) {
  const auto meta = listed("", "");
  EXPECT_THAT(meta, ::testing::Contains("discover"));
  EXPECT_THAT(meta, Not(::testing::Contains("fake_echo")));
  EXPECT_THAT(listed("", "?expose=flat"), ::testing::Contains("fake_echo"));
  EXPECT_EQ(call("", "fake_echo").status, 401);
  EXPECT_EQ(ask("", "tools/call", R"("name":"fake_echo",)", "fake_echo", "?expose=flat").status, 401);
  EXPECT_EQ(call("", "never_was").status, 200) << "an unknown name is unknown to them, too";
}

}  // namespace
}  // namespace toolrack::mcp
