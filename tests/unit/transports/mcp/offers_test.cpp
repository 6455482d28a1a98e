// Resources, prompts and completions on the wire, in both eras.
#include <gmock/gmock.h>

#include <set>

#include "mcp_fixture.hpp"
#include "registry/manifest.hpp"
#include "support/offering_tool.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using testing::at;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::parsed;

class Offers : public McpTest {
 protected:
  explicit Offers(testing::RackOptions options = {}) : McpTest(options) {
    rack_.rack.publish({fake_.make(), testing::offering_tool()});
  }

  json::Document modern(const std::string& method, const std::string& params = "", const std::string& name = "",
                        const std::string& query = "?expose=flat", const testing::HeaderList& more = {}) {
    auto headers = modern_headers(method, name);
    headers.insert(headers.end(), more.begin(), more.end());
    const auto reply = testing::exchange(rack_.port, "POST", "/mcp" + query, headers, modern_body("1", method, params));
    status_ = reply.status;
    return parsed(reply.body);
  }
  json::Document legacy(const std::string& method, const std::string& params, const std::string& version) {
    if (session_.empty() || version_ != version) session_ = open_session(version);
    version_ = version;
    const auto reply =
        testing::exchange(rack_.port, "POST", "/mcp?expose=flat", legacy_headers(session_, version),
                          R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{)" + params + "}}");
    status_ = reply.status;
    return parsed(reply.body);
  }
  json::Document read(const std::string& uri) { return modern("resources/read", R"("uri":")" + uri + R"(",)", uri); }
  json::Document prompt(const std::string& name, const std::string& arguments = "") {
    return modern("prompts/get",
                  R"("name":")" + name + R"(",)" + (arguments.empty() ? "" : R"("arguments":)" + arguments + ","),
                  name);
  }
  json::Document complete(const std::string& ref, const std::string& argument) {
    return modern("completion/complete", R"("ref":)" + ref + R"(,"argument":)" + argument + ",");
  }

  int status_ = 0;
  std::string session_, version_;
};

TEST_F(Offers, AreDeclaredInBothEras) {
  const auto discovered = modern("server/discover");
  EXPECT_EQ(at(discovered, "/result/capabilities/resources"), R"({"listChanged":true,"subscribe":true})");
  EXPECT_EQ(at(discovered, "/result/capabilities/prompts"), R"({"listChanged":true})");
  EXPECT_EQ(at(discovered, "/result/capabilities/completions"), "{}");
  const auto reply = testing::exchange(
      rack_.port, "POST", "/mcp", base_headers(),
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
  EXPECT_EQ(at(parsed(reply.body), "/result/capabilities/prompts"), R"({"listChanged":true})");
}

TEST_F(Offers, ListsResourcesWithAllThatTheManifestSays) {
  const auto list = modern("resources/list");
  EXPECT_EQ(at(list, "/result/resources/5/uri"), "test://text");
  EXPECT_EQ(at(list, "/result/resources/5/name"), "text");
  EXPECT_EQ(at(list, "/result/resources/5/title"), "A text");
  EXPECT_EQ(at(list, "/result/resources/5/mimeType"), "text/plain");
  EXPECT_EQ(at(list, "/result/resources/5/size"), "9");
  EXPECT_EQ(at(list, "/result/resources/5/annotations/priority"), "0.5");
  EXPECT_EQ(at(list, "/result/resources/5/icons/0/src"), "https://icons.example/text.png");
  EXPECT_EQ(at(list, "/result/resources/6/mimeType"), "text/html;profile=mcp-app");
  EXPECT_EQ(at(list, "/result/nextCursor"), "(absent)");
  EXPECT_EQ(at(list, "/result/resultType"), "complete");
  EXPECT_EQ(at(list, "/result/cacheScope"), "public");
  const auto templates = modern("resources/templates/list");
  EXPECT_EQ(at(templates, "/result/resourceTemplates/0/uriTemplate"), "test://files/{+path}");
  EXPECT_EQ(at(templates, "/result/resourceTemplates/1/uriTemplate"), "test://items/{id}");
}

TEST_F(Offers, ListsPromptsUnderTheirFlatNames) {
  const auto list = modern("prompts/list");
  EXPECT_EQ(at(list, "/result/prompts/1/name"), "offers_greet");
  EXPECT_EQ(at(list, "/result/prompts/1/arguments/0/name"), "who");
  EXPECT_EQ(at(list, "/result/prompts/1/arguments/0/required"), "true");
  EXPECT_EQ(at(list, "/result/prompts/1/arguments/1/required"), "(absent)");
  EXPECT_EQ(at(list, "/result/prompts/3/_meta/example.org~1kind"), "rich");
}

TEST_F(Offers, AreNotListedBesideTheMetaToolsAndCanBeReadThere) {
  EXPECT_EQ(at(modern("resources/list", "", "", ""), "/result/resources"), "[]");
  EXPECT_EQ(at(modern("prompts/list", "", "", ""), "/result/prompts"), "[]");
  EXPECT_EQ(at(modern("resources/read", R"("uri":"test://text",)", "test://text", ""), "/result/contents/0/text"),
            "Some text");
}

TEST_F(Offers, TheEraWithoutThemInItsResultsHasNoNewMembers) {
  const auto list = legacy("resources/list", "", "2025-06-18");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(at(list, "/result/resources/5/uri"), "test://text");
  for (const auto* name : {"resultType", "ttlMs", "cacheScope", "_meta"})
    EXPECT_EQ(at(list, std::string("/result/") + name), "(absent)");
  const auto contents = legacy("resources/read", R"("uri":"test://text")", "2025-06-18");
  EXPECT_EQ(at(contents, "/result/contents/0/text"), "Some text");
  for (const auto* name : {"resultType", "ttlMs", "cacheScope"})
    EXPECT_EQ(at(contents, std::string("/result/") + name), "(absent)");
}

TEST_F(Offers, AToolsOwnMetaIsInItsEntry) {
  const auto list = modern("tools/list", "", "", "?expose=flat&tools=offers");
  EXPECT_EQ(at(list, "/result/tools/0/_meta/ui/resourceUri"), "ui://offers/view");
  EXPECT_EQ(at(list, "/result/tools/0/_meta/ui/visibility/1"), "app");
}

TEST_F(Offers, AReadHasItsUriTypeAndLifeTime) {
  const auto text = read("test://text");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(at(text, "/result/contents/0/uri"), "test://text");
  EXPECT_EQ(at(text, "/result/contents/0/mimeType"), "text/plain");
  EXPECT_EQ(at(text, "/result/contents/0/text"), "Some text");
  EXPECT_EQ(at(text, "/result/ttlMs"), "120000");
  EXPECT_EQ(at(text, "/result/cacheScope"), "public");
  EXPECT_EQ(at(text, "/result/resultType"), "complete");
  const auto bytes = read("test://bytes");
  EXPECT_EQ(at(bytes, "/result/contents/0/blob"), "iVBORwD/");
  EXPECT_EQ(at(bytes, "/result/contents/0/mimeType"), "image/png");
  EXPECT_EQ(at(bytes, "/result/contents/0/text"), "(absent)");
  EXPECT_EQ(at(bytes, "/result/ttlMs"), "0");
  EXPECT_EQ(at(bytes, "/result/cacheScope"), "private");
  const auto view = read("ui://offers/view");
  EXPECT_EQ(at(view, "/result/contents/0/mimeType"), "text/html;profile=mcp-app");
  EXPECT_EQ(at(view, "/result/contents/0/_meta/ui/prefersBorder"), "true");
}

TEST_F(Offers, AReadOfATemplatesFamilyBringsItsValues) {
  EXPECT_EQ(at(read("test://items/a%20b"), "/result/contents/0/text"), R"({"id":"a b"})");
  EXPECT_EQ(at(read("test://files/a/b.txt"), "/result/contents/0/text"), R"({"path":"a/b.txt"})");
  EXPECT_EQ(at(read("test://items/7"), "/result/contents/0/mimeType"), "application/json");
}

TEST_F(Offers, WhatCannotBeReadIsAnErrorOfItsEra) {
  for (const auto* uri : {"test://no/such", "test://gone", "not a uri"}) {
    const auto reply = read(uri);
    EXPECT_EQ(status_, 200);
    EXPECT_EQ(at(reply, "/error/code"), "-32602");
    EXPECT_EQ(at(reply, "/error/data/uri"), uri);
    EXPECT_EQ(at(legacy("resources/read", R"("uri":")" + std::string(uri) + R"(")", "2025-11-25"), "/error/code"),
              "-32002");
  }
  EXPECT_THAT(at(read("test://gone"), "/error/message"), HasSubstr("yesterday"));
  EXPECT_EQ(at(read("test://nothing"), "/error/code"), "-32603");
  EXPECT_EQ(at(read("test://nothing"), "/error/data/code"), "invalid_output");
  EXPECT_EQ(at(read("test://slow"), "/error/data/code"), "timeout");
  EXPECT_EQ(at(modern("resources/read"), "/error/code"), "-32602");
}

TEST_F(Offers, AReadAndAPromptNeedTheHeaderThatNamesThem) {
  for (const auto& [method, member] : {std::pair("resources/read", "uri"), std::pair("prompts/get", "name")}) {
    const auto params = std::string("\"") + member + R"(":"test",)";
    EXPECT_EQ(at(modern(method, params), "/error/code"), "-32020") << method;
    EXPECT_EQ(status_, 400);
    EXPECT_EQ(at(modern(method, params, "other"), "/error/code"), "-32020") << method;
  }
  EXPECT_EQ(
      at(modern("resources/read", R"("uri":"test://text",)", "=?base64?dGVzdDovL3RleHQ=?="), "/result/resultType"),
      "complete");
}

TEST_F(Offers, APromptGetsItsArguments) {
  const auto hello = prompt("offers_hello");
  EXPECT_EQ(at(hello, "/result/messages/0/role"), "user");
  EXPECT_EQ(at(hello, "/result/messages/0/content/text"), "hello {}");
  EXPECT_EQ(at(hello, "/result/resultType"), "complete");
  EXPECT_EQ(at(hello, "/result/ttlMs"), "(absent)");
  EXPECT_EQ(at(prompt("offers_greet", R"({"who":"me"})"), "/result/messages/0/content/text"), R"(greet {"who":"me"})");
}

TEST_F(Offers, APromptsArgumentsAreHeldAgainstTheManifest) {
  const auto message = [&](const std::string& name, const std::string& arguments) {
    const auto reply = prompt(name, arguments);
    EXPECT_EQ(at(reply, "/error/code"), "-32602");
    return at(reply, "/error/message");
  };
  EXPECT_THAT(message("offers_greet", ""), HasSubstr("needs the argument \"who\""));
  EXPECT_THAT(message("offers_greet", R"({"tone":"low"})"), HasSubstr("\"who\""));
  EXPECT_THAT(message("offers_greet", R"({"who":7})"),
              HasSubstr("\"who\" of the prompt \"offers_greet\" must be a string"));
  EXPECT_THAT(message("offers_greet", R"({"who":"me","tones":"x"})"), HasSubstr("Did you mean \"tone\"?"));
  EXPECT_THAT(message("offers_greet", "[]"), HasSubstr("params.arguments"));
  EXPECT_THAT(message("offers_no_such", ""), HasSubstr("offers_no_such"));
  EXPECT_THAT(message("greet", ""), HasSubstr("no prompt"));
}

TEST_F(Offers, AnAnswerThatIsNoPromptIsTheToolsFault) {
  const auto reply = prompt("offers_broken");
  EXPECT_EQ(at(reply, "/error/code"), "-32603");
  EXPECT_EQ(at(reply, "/error/data/code"), "invalid_output");
}

TEST_F(Offers, OldClientsReadAsTextWhatTheyDoNotKnow) {
  const auto kinds = [&](const std::string& version) {
    const auto reply = legacy("prompts/get", R"("name":"offers_rich")", version);
    std::string out;
    for (const auto* i : {"0", "1", "2", "3", "4"})
      out += at(reply, std::string("/result/messages/") + i + "/content/type") + " ";
    return out;
  };
  EXPECT_EQ(kinds("2024-11-05"), "text image text text resource ");
  EXPECT_EQ(kinds("2025-03-26"), "text image audio text resource ");
  EXPECT_EQ(kinds("2025-06-18"), "text image audio resource_link resource ");
  EXPECT_EQ(at(legacy("prompts/get", R"("name":"offers_rich")", "2024-11-05"), "/result/messages/3/content/text"),
            "text: test://text");
}

TEST_F(Offers, CompletesArgumentsOfPromptsAndVariablesOfTemplates) {
  const auto values = complete(R"({"type":"ref/prompt","name":"offers_greet"})", R"({"name":"who","value":"m"})");
  EXPECT_EQ(at(values, "/result/completion/values/0"), "greet") << "as the plugin calls it";
  EXPECT_EQ(at(values, "/result/completion/values/1"),
            R"({"ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"who","value":"m"}})");
  EXPECT_EQ(at(values, "/result/completion/total"), "(absent)");
  EXPECT_EQ(at(values, "/result/resultType"), "complete");
  const auto known =
      modern("completion/complete",
             R"("ref":{"type":"ref/resource","uri":"test://items/{id}"},"argument":{"name":"id","value":""},)"
             R"("context":{"arguments":{"a":"b"}},)");
  EXPECT_EQ(at(known, "/result/completion/values/0"), "test://items/{id}");
  EXPECT_THAT(at(known, "/result/completion/values/1"), HasSubstr(R"("context":{"arguments":{"a":"b"}})"));
}

TEST_F(Offers, ACompletionHasAHundredValuesAtMost) {
  const auto many = complete(R"({"type":"ref/prompt","name":"offers_greet"})", R"({"name":"tone","value":""})");
  EXPECT_EQ(at(many, "/result/completion/values/99"), "tone 99");
  EXPECT_EQ(at(many, "/result/completion/values/100"), "(absent)");
  EXPECT_EQ(at(many, "/result/completion/hasMore"), "true");
  EXPECT_EQ(at(many, "/result/completion/total"), "101");
}

TEST_F(Offers, WhoCompletesNothingHasNoSuggestions) {
  rack_.rack.publish({testing::offering_tool(
      std::make_shared<testing::InstantSkill>(base::Error(base::ErrorCode::kUnimplemented, "not offered")))});
  const auto none = complete(R"({"type":"ref/prompt","name":"offers_greet"})", R"({"name":"who","value":""})");
  EXPECT_EQ(at(none, "/result/completion/values"), "[]");
}

TEST_F(Offers, ACompletionOfWhatIsNotThereIsRefused) {
  struct Row {
    const char* ref;
    const char* argument;
    const char* why;
  };
  for (const auto& [ref, argument, why] :
       {Row{R"({"type":"ref/prompt","name":"offers_greet"})", R"({"name":"whom","value":""})", "It takes: who, tone"},
        Row{R"({"type":"ref/prompt","name":"no_such"})", R"({"name":"who","value":""})", "no_such"},
        Row{R"({"type":"ref/resource","uri":"test://items/{id}"})", R"({"name":"no","value":""})", "no variable"},
        Row{R"({"type":"ref/resource","uri":"test://{other}"})", R"({"name":"id","value":""})", "test://{other}"},
        Row{R"({"type":"ref/resource","uri":"offers_greet"})", R"({"name":"who","value":""})", "no URI template"},
        Row{R"({"type":"ref/prompt","name":"test://items/{id}"})", R"({"name":"id","value":""})", "no prompt's name"},
        Row{R"({"type":"ref/other"})", R"({"name":"id","value":""})", "ref.type"},
        Row{R"({"type":"ref/prompt"})", R"({"name":"id","value":""})", "ref.name"},
        Row{R"({"type":"ref/prompt","name":"offers_greet"})", R"({"name":"who"})", "params.argument"},
        Row{"7", R"({"name":"who","value":""})", "params.ref is a number"}}) {
    const auto reply = complete(ref, argument);
    EXPECT_EQ(at(reply, "/error/code"), "-32602") << ref;
    EXPECT_THAT(at(reply, "/error/message"), HasSubstr(why)) << ref;
  }
}

TEST_F(Offers, CostNothingAndAreRecorded) {
  read("test://text");
  prompt("offers_hello");
  const auto usage = testing::exchange(rack_.port, "GET", "/v1/usage");
  EXPECT_THAT(usage.body, HasSubstr("offers"));
  EXPECT_THAT(usage.body, Not(HasSubstr("0.0000")));
}

/// Six hundred resources, so that a list has three pages.
std::shared_ptr<const registry::Tool> large_tool(const std::string& name, int from, int to) {
  std::string resources;
  for (int i = from; i < to; ++i)
    resources += std::string(i == from ? "" : ",") + R"({"name":"r","uri":")" + name + "://" +
                 std::to_string(1000 + i) + R"("})";
  auto tool =
      registry::load_manifest(R"({"manifest":"1.0","owner":"test","name":")" + name +
                              R"(","version":"1.0.0","description":"d","skills":[],"resources":[)" + resources + "]}");
  EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
  return tool.value_or(nullptr);
}

class OfferPages : public Offers {
 protected:
  /// Follows the cursors; `between` happens after each page.
  std::vector<std::string> all(const std::function<void()>& between = [] {}) {
    std::vector<std::string> uris;
    for (std::string cursor;;) {
      const auto page = modern("resources/list", cursor.empty() ? "" : R"("cursor":")" + cursor + R"(",)");
      const auto* entries = json::at(page, "/result/resources");
      if (entries == nullptr) {
        ADD_FAILURE() << json::dump(page);
        return uris;
      }
      for (const auto& entry : entries->GetArray()) uris.emplace_back(*json::find_string(entry, "uri"));
      ++pages_;
      const auto* next = json::at(page, "/result/nextCursor");
      if (next == nullptr) return uris;
      cursor = json::view(*next);
      between();
    }
  }
  int pages_ = 0;
};

TEST_F(OfferPages, HaveEveryEntryOnceInOrder) {
  rack_.rack.publish({large_tool("a", 0, 600)});
  const auto uris = all();
  EXPECT_EQ(pages_, 3);
  EXPECT_EQ(uris.size(), 600U);
  EXPECT_TRUE(std::ranges::is_sorted(uris));
  EXPECT_EQ(std::set(uris.begin(), uris.end()).size(), 600U);
}

TEST_F(OfferPages, AFullLastPageEndsTheList) {
  rack_.rack.publish({large_tool("a", 0, 500)});
  EXPECT_EQ(all().size(), 500U);
  EXPECT_EQ(pages_, 2);
}

TEST_F(OfferPages, ShowWhatStaysOnceWhileToolsComeAndGo) {
  rack_.rack.publish({large_tool("a", 0, 300), large_tool("b", 0, 300)});
  const auto uris = all([&] { rack_.rack.publish({large_tool("a", 200, 300), large_tool("b", 0, 300)}); });
  std::set<std::string> once(uris.begin(), uris.end());
  EXPECT_EQ(once.size(), uris.size());
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(once.contains("b://" + std::to_string(1000 + i))) << i;
}

TEST_F(OfferPages, TakeNoCursorThatIsNotTheirs) {
  rack_.rack.publish({large_tool("a", 0, 600)});
  const auto first = modern("resources/list");
  const auto cursor = at(first, "/result/nextCursor");
  EXPECT_THAT(cursor, Not(HasSubstr("a://")));
  const auto code = [&](const std::string& method, const std::string& text, const std::string& query) {
    return at(modern(method, R"("cursor":)" + text + ",", "", query), "/error/code");
  };
  const auto quoted = "\"" + cursor + "\"";
  EXPECT_EQ(code("resources/list", quoted, "?expose=flat"), "(absent)");
  EXPECT_EQ(code("resources/list", quoted, "?expose=flat&tools=a"), "-32602");
  EXPECT_EQ(code("resources/templates/list", quoted, "?expose=flat"), "-32602");
  EXPECT_EQ(code("prompts/list", quoted, "?expose=flat"), "-32602");
  for (const auto* bad : {"\"\"", "\"x\"", "7", "null", "\"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\""})
    EXPECT_EQ(code("resources/list", bad, "?expose=flat"), "-32602") << bad;
  auto changed = cursor;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(code("resources/list", "\"" + changed + "\"", "?expose=flat"), "-32602");
}

class HostedOffers : public Offers {
 protected:
  HostedOffers() : Offers({.mode = call::Mode::kHosted}) {}
};

TEST_F(HostedOffers, AreListedForEverybodyAndReadWithAKey) {
  EXPECT_EQ(at(modern("resources/list"), "/result/resources/5/uri"), "test://text");
  EXPECT_EQ(at(modern("prompts/list"), "/result/prompts/0/name"), "offers_broken");
  read("test://text");
  EXPECT_EQ(status_, 401);
  prompt("offers_hello");
  EXPECT_EQ(status_, 401);
  complete(R"({"type":"ref/prompt","name":"offers_greet"})", R"({"name":"who","value":""})");
  EXPECT_EQ(status_, 401);
  const auto key = rack_.rack.make_key();
  const auto reply =
      modern("resources/read", R"("uri":"test://text",)", "test://text", "", {{"Authorization", "Bearer " + key}});
  EXPECT_EQ(at(reply, "/result/contents/0/text"), "Some text");
}

TEST_F(HostedOffers, AKeyThatMayNotCallMayNotRead) {
  const auto key = rack_.rack.make_key("acc_one", {accounts::Scope::kToolsRead});
  const auto reply =
      modern("resources/read", R"("uri":"test://text",)", "test://text", "", {{"Authorization", "Bearer " + key}});
  EXPECT_EQ(at(reply, "/error/data/code"), "insufficient_scope");
}

}  // namespace
}  // namespace toolrack::mcp
