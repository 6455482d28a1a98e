/// Keys with tool sets at /mcp and over REST: what is not in the set is not there, whichever way somebody asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <regex>
#include <thread>

#include "mcp_fixture.hpp"
#include "support/offering_tool.hpp"
#include "support/patience.hpp"
#include "support/raw_client.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HeaderList;
using ::testing::Not;
using testing::parsed;

registry::ToolSetRef set_of(std::string_view patterns, std::string_view renames = "[]") {
  const auto list = base::json::parse(patterns), names = base::json::parse(renames);
  return registry::ToolSet::create(&*list, &*names, nullptr).value();
}

class ToolSetsTest : public McpTest {
 protected:
  explicit ToolSetsTest(testing::RackOptions options = {}) : McpTest(options) {
    rack_.rack.publish({fake_.make(), other()});
  }
  std::shared_ptr<const registry::Tool> other() const {
    return testing::make_tool("other",
                              {{.name = "one", .handler = fake_.echo}, {.name = "two", .handler = fake_.echo}});
  }
  std::string key(std::string_view patterns, std::string_view renames = "[]") {
    return rack_.rack.make_key("acc_one", accounts::Scopes::standard(), set_of(patterns, renames));
  }
  static HeaderList with(HeaderList headers, const std::string& key) {
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
    return headers;
  }
  net::RawReply ask(const std::string& key, const std::string& method, const std::string& params = "",
                    const std::string& name = "", const std::string& query = "") {
    return testing::exchange(rack_.port, "POST", "/mcp" + query, with(modern_headers(method, name), key),
                             modern_body("1", method, params));
  }
  net::RawReply call(const std::string& key, const std::string& name) {
    return ask(key, "tools/call", R"("name":")" + name + R"(",)", name);
  }
  std::vector<std::string> listed(const std::string& key, const std::string& query = "?expose=flat") {
    const auto body = parsed(ask(key, "tools/list", "", "", query).body);
    std::vector<std::string> names;
    const auto* tools = base::json::at(body, "/result/tools");
    if (tools == nullptr) return {base::json::dump(body)};
    for (const auto& tool : tools->GetArray()) names.push_back(at(tool, "/name"));
    scope_ = at(body, "/result/cacheScope");
    return names;
  }
  /// The reply without what differs from call to call, and with "NAME" for the name that was asked for.
  static std::string neutral(const net::RawReply& reply, const std::string& name) {
    auto text = std::to_string(reply.status) + " " + reply.body;
    text = std::regex_replace(text, std::regex(R"(req_[0-9a-zA-Z]+|[0-9A-HJKMNP-TV-Z]{26})"), "ID");
    return std::regex_replace(text, std::regex(name), "NAME");
  }

  std::string scope_;
};

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

class ToolSetStreamsTest : public ToolSetsTest {
 protected:
  net::RawClient listen(const std::string& key, std::string& heard) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request(
        "POST", "/mcp?expose=flat", with(modern_headers("subscriptions/listen"), key),
        modern_body("1", "subscriptions/listen",
                    R"("notifications":{"toolsListChanged":true,"resourcesListChanged":true},)")));
    read_until(client, heard, "acknowledged");
    return client;
  }
  static bool read_until(net::RawClient& client, std::string& heard, std::string_view what) {
    while (heard.find(what) == std::string::npos)
      if (!client.read_more(heard)) return false;
    return true;
  }
  std::string id_of(const std::string& key) { return key.substr(8, 16); }
  net::RawClient open_get(const std::string& key, const std::string& session, std::string& heard) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(testing::http_request("GET", "/mcp?expose=flat", with(legacy_headers(session), key), ""));
    read_until(client, heard, "\r\n\r\n");
    return client;
  }
  void updated(const std::string& uri) {
    auto news = std::make_shared<News>();
    news->resources.emplace(uri, "");
    rack_.front.mcp.pass_on(news);
  }
  void settle() {
    std::promise<void> done;
    boost::asio::post(rack_.rack.loops[0].context(), [&] { done.set_value(); });
    done.get_future().wait();
  }
  void narrow(const std::string& key, std::string_view patterns) {
    ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(key), {.name = {}, .tools = set_of(patterns)}));
  }
};

TEST_F(ToolSetStreamsTest, AreToldOfNoResourceThatTheirKeySeesNoMore) {
  rack_.rack.publish({fake_.make(), testing::offering_tool()});
  const auto secret = key(R"(["offers"])");
  std::string heard;
  auto client = net::RawClient::tcp(rack_.port);
  client.send(testing::http_request(
      "POST", "/mcp", with(modern_headers("subscriptions/listen"), secret),
      modern_body("1", "subscriptions/listen", R"("notifications":{"resourceSubscriptions":["test://text"]},)")));
  ASSERT_TRUE(read_until(client, heard, R"("resourceSubscriptions":["test://text"])"));
  const auto session = open_session("2025-06-18", {{"Authorization", "Bearer " + secret}});
  std::string heard_too;
  auto legacy = open_get(secret, session, heard_too);
  testing::exchange(rack_.port, "POST", "/mcp", with(legacy_headers(session), secret),
                    R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://text"}})");
  updated("test://text");
  ASSERT_TRUE(read_until(client, heard, "resources/updated")) << "the control";
  ASSERT_TRUE(read_until(legacy, heard_too, "resources/updated"));
  narrow(secret, R"(["fake"])");
  heard.clear();
  heard_too.clear();
  updated("test://text");
  settle();  // It is marked,
  settle();  // and would have been told.
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client, heard, "\"resultType\""));
  while (legacy.read_more(heard_too)) {
    if (heard_too.ends_with("0\r\n\r\n")) break;
  }
  EXPECT_THAT(heard, Not(HasSubstr("resources/updated")));
  EXPECT_THAT(heard_too, Not(HasSubstr("resources/updated")));
}

TEST_F(ToolSetStreamsTest, EndWithTheirKeyAndNoOther) {
  const auto revoked = key(R"(["other"])"), another = key(R"(["other"])");
  const auto session = open_session("2025-06-18", {{"Authorization", "Bearer " + revoked}});
  std::string heard, heard_get, heard_other;
  auto client = listen(revoked, heard);
  auto get = open_get(revoked, session, heard_get);
  auto other_client = listen(another, heard_other);
  ASSERT_TRUE(rack_.rack.keys->revoke("acc_one", id_of(revoked)));
  EXPECT_TRUE(read_until(client, heard, "\"resultType\"")) << "a listen request has its answer";
  EXPECT_TRUE(read_until(get, heard_get, "0\r\n\r\n")) << "a session's stream ends";
  rack_.rack.publish({fake_.make()});
  rack_.front.mcp.look_again();
  EXPECT_TRUE(read_until(other_client, heard_other, "list_changed")) << "others go on";
  EXPECT_THAT(heard, Not(HasSubstr("list_changed")));
}

/// A listen request looks for its tasks in the store first: its key may go meanwhile.
TEST_F(ToolSetStreamsTest, EndWithTheirKeyAlsoWhenItWentBeforeTheyBegan) {
  const auto secret = key(R"(["other"])");
  std::promise<void> release;
  auto released = release.get_future().share();
  for (int i = 0; i < 4; ++i) rack_.rack.pool.post([released] { released.wait(); });  // As many as it has threads.
  const auto wait_until_queued = [&](std::size_t tasks) {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    while (rack_.rack.pool.queued() != tasks && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(rack_.rack.pool.queued(), tasks);
  };
  wait_until_queued(0);
  auto client = net::RawClient::tcp(rack_.port);
  client.send(testing::http_request(
      "POST", "/mcp", with(modern_headers("subscriptions/listen"), secret),
      R"({"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["none"]},)"
      R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":)"
      R"({"extensions":{"io.modelcontextprotocol/tasks":{}}}}}})"));
  wait_until_queued(1);
  EXPECT_TRUE(rack_.rack.keys->revoke("acc_one", id_of(secret)));
  release.set_value();
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 401);
}

TEST_F(ToolSetStreamsTest, AreToldOfAnotherSetWhenItShowsSomethingElse) {
  const auto changed = key(R"(["other"])"), same = key(R"(["other"])"), rewritten = key(R"(["other"])");
  std::string heard, heard_same, heard_rewritten;
  auto client = listen(changed, heard);
  auto client_same = listen(same, heard_same);
  auto client_rewritten = listen(rewritten, heard_rewritten);
  // Says the same in other words, and nobody else's set changes.
  ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(rewritten), {.name = {}, .tools = set_of(R"(["other.*"])")}));
  ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(changed), {.name = {}, .tools = set_of(R"(["other.one"])")}));
  ASSERT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
  EXPECT_THAT(heard, Not(HasSubstr("resources/list_changed")));
  // What the others hear first is the end of their stream.
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client_same, heard_same, "\"resultType\""));
  ASSERT_TRUE(read_until(client_rewritten, heard_rewritten, "\"resultType\""));
  EXPECT_THAT(heard_same, Not(HasSubstr("list_changed")));
  EXPECT_THAT(heard_rewritten, Not(HasSubstr("list_changed")));
}

TEST_F(ToolSetStreamsTest, AreToldOfTheToolsThatTheirKeySees) {
  std::string heard, heard_without;
  auto client = listen(key(R"(["more","other"])"), heard);
  auto client_without = listen(key(R"(["other"])"), heard_without);
  rack_.rack.publish({fake_.make(), other(), testing::make_tool("more", {{.name = "x", .handler = fake_.echo}})});
  rack_.front.mcp.look_again();
  ASSERT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client_without, heard_without, "\"resultType\""));
  EXPECT_THAT(heard_without, Not(HasSubstr("list_changed")));
}

TEST_F(ToolSetStreamsTest, AreToldWhatAToolSaysOfItsListWhenTheirKeySeesIt) {
  std::string heard, heard_without;
  auto client = listen(key(R"(["other"])"), heard);
  auto client_without = listen(key(R"(["fake"])"), heard_without);
  auto news = std::make_shared<News>();
  news->lists.emplace(registry::DynamicList::kResources, "test/other@1.0.0", "");
  rack_.front.mcp.pass_on(news);
  ASSERT_TRUE(read_until(client, heard, "notifications/resources/list_changed"));
  rack_.front.mcp.end_streams();
  ASSERT_TRUE(read_until(client_without, heard_without, "\"resultType\""));
  EXPECT_THAT(heard_without, Not(HasSubstr("list_changed")));
}

TEST_F(ToolSetStreamsTest, GoOnWithTheNewSetAfterItWasChanged) {
  const auto secret = key(R"(["fake"])");
  std::string heard;
  auto client = listen(secret, heard);
  ASSERT_TRUE(rack_.rack.keys->update("acc_one", id_of(secret), {.name = {}, .tools = set_of(R"(["more"])")}));
  ASSERT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
  heard.clear();
  rack_.rack.publish({fake_.make(), testing::make_tool("more", {{.name = "x", .handler = fake_.echo}})});
  rack_.front.mcp.look_again();
  EXPECT_TRUE(read_until(client, heard, "notifications/tools/list_changed"));
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
