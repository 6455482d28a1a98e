// Lists to which plugins add what no manifest says.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "mcp_fixture.hpp"
#include "registry/manifest.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::parsed;
using ::testing::SizeIs;

/// The tool of tests/plugins/lists.json under another name, if one is given.
std::shared_ptr<const registry::Tool> listing_tool(std::shared_ptr<registry::Handler> handler,
                                                   const std::string& name = "lists") {
  std::ifstream file(std::filesystem::path(TOOLRACK_SOURCE_DIR) / "tests/plugins/lists.json");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const auto& [from, to] : {std::pair(R"("name": "lists")", R"("name": ")" + name + "\""),
                                 std::pair("notes:", (name == "lists" ? "notes" : name) + ":")})
    for (std::size_t place = 0; (place = text.find(from, place)) != std::string::npos; place += to.size())
      text.replace(place, std::string_view(from).size(), to);
  auto tool = registry::load_manifest(text);
  EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
  if (!tool) return nullptr;
  for (auto& service : (*tool)->services) service.handler = handler;
  return *tool;
}

using Answer = std::function<registry::Outcome(const registry::Invocation&)>;
std::shared_ptr<registry::Handler> answers(Answer answer) {
  return std::make_shared<testing::InstantSkill>(std::move(answer));
}

/// `count` notes from the cursor, a number, on; `next` until there have been `total`.
registry::Outcome notes(const registry::Invocation& asked, int count, int total) {
  const int from = asked.name.empty() ? 0 : std::stoi(std::string(asked.name));
  std::string items;
  const int to = std::min(from + count, total);
  for (int i = from; i < to; ++i)
    items += std::string(i == from ? "" : ",") + R"({"name":"n","uri":"notes://)" + std::to_string(1000 + i) + R"("})";
  return testing::success(R"({"items":[)" + items + "]" +
                          (to < total ? R"(,"next":")" + std::to_string(to) + "\"" : "") + "}");
}

class ListPages : public McpTest {
 protected:
  explicit ListPages(testing::RackOptions options = {}) : McpTest(options) {}

  json::Document ask(const std::string& method, const std::string& params = "", const std::string& name = "") {
    const auto reply = testing::exchange(rack_.port, "POST", "/mcp?expose=flat", modern_headers(method, name),
                                         modern_body("1", method, params));
    return parsed(reply.body);
  }
  struct Listed {
    std::vector<std::string> names;
    int pages = 0;
    std::string scope, ttl;  ///< Of the last page.
  };
  Listed all(const std::string& method, const std::string& member, const std::string& name) {
    Listed out;
    for (std::string cursor;;) {
      const auto page = ask(method, cursor.empty() ? "" : R"("cursor":")" + cursor + R"(",)");
      const auto* entries = json::at(page, "/result/" + member);
      if (entries == nullptr || ++out.pages > 50) {
        ADD_FAILURE() << json::dump(page);
        return out;
      }
      for (const auto& entry : entries->GetArray()) out.names.emplace_back(*json::find_string(entry, name));
      out.scope = at(page, "/result/cacheScope");
      out.ttl = at(page, "/result/ttlMs");
      const auto* next = json::at(page, "/result/nextCursor");
      if (next == nullptr) return out;
      cursor = json::view(*next);
    }
  }
  Listed resources() { return all("resources/list", "resources", "uri"); }
};

TEST_F(ListPages, HaveThePluginsEntriesBehindTheManifests) {
  rack_.rack.publish({listing_tool(answers([](const auto& asked) { return notes(asked, 2, 3); }))});
  const auto listed = resources();
  EXPECT_THAT(listed.names, ElementsAre("notes://index", "notes://1000", "notes://1001", "notes://1002"));
  EXPECT_EQ(listed.pages, 1) << "clients that turn no pages see them, too";
  EXPECT_EQ(listed.scope, "private");
  EXPECT_EQ(listed.ttl, "0");
}

TEST_F(ListPages, WaitForAPluginThatAnswersLater) {
  class Later final : public registry::Handler {
   public:
    std::uint64_t invoke(const registry::Invocation& asked, registry::Completion& completion) override {
      boost::asio::post(asked.loop->context(), [&] { completion.complete(notes(asked, 2, 3)); });
      return 1;
    }
    void cancel(std::uint64_t) override {}
  };
  rack_.rack.publish({listing_tool(std::make_shared<Later>())});
  EXPECT_THAT(resources().names, SizeIs(4));
}

TEST_F(ListPages, GoOnInsideAPluginsList) {
  rack_.rack.publish({listing_tool(answers([](const auto& asked) { return notes(asked, 100, 650); }))});
  const auto listed = resources();
  EXPECT_THAT(listed.names, SizeIs(651));
  EXPECT_EQ(listed.pages, 3);
  EXPECT_EQ(listed.names.back(), "notes://1649");
}

TEST_F(ListPages, EndAlsoWhenAPluginsListHasNoEnd) {
  rack_.rack.publish(
      {listing_tool(answers([](const auto&) { return testing::success(R"({"items":[],"next":"again"})"); }))});
  const auto page = ask("resources/list");
  EXPECT_EQ(at(page, "/result/resources/0/uri"), "notes://index");
  EXPECT_NE(at(page, "/result/nextCursor"), "(absent)");
}

TEST_F(ListPages, ShowTheOthersWhenOneFails) {
  const auto failing =
      answers([](const auto&) { return testing::failure(base::Error(base::ErrorCode::kToolError, "no list today")); });
  rack_.rack.publish(
      {listing_tool(failing, "abc"), listing_tool(answers([](const auto& asked) { return notes(asked, 2, 2); }))});
  EXPECT_THAT(resources().names, ElementsAre("abc://index", "notes://index", "notes://1000", "notes://1001"));
}

TEST_F(ListPages, LeaveOutWhatIsNotThePluginsOrIsHidden) {
  rack_.rack.publish(
      {fake_.make(), listing_tool(answers([](const auto&) {
         return testing::success(
             R"({"items":[{"uri":"notes://index","name":"in the manifest"},{"uri":"else://1","name":"n"},)"
             R"({"uri":"notes://1","name":"hid\u202eden"},{"uri":"notes://2","name":"good"}]})");
       }))});
  EXPECT_THAT(resources().names, ElementsAre("notes://index", "notes://2"));
}

TEST_F(ListPages, HaveTemplatesOfTheManifestsFamiliesBehindTheManifests) {
  rack_.rack.publish({fake_.make(), listing_tool(answers([](const auto& asked) {
                        EXPECT_EQ(asked.skill->kind, registry::Kind::kListTemplates);
                        return testing::success(
                            R"({"items":[{"uri_template":"notes://{id}","name":"in the manifest"},)"
                            R"({"uri_template":"notes://{a}-{b}","name":"narrower","media_type":"text/x"},)"
                            R"({"uri_template":"notes://{+any}","name":"wider"},)"
                            R"({"uri_template":"else://{id}","name":"not its own"},)"
                            R"({"uri_template":"notes://one","name":"no template"},)"
                            R"({"uri_template":"notes://{?q}","name":"of another level"},)"
                            R"({"uri_template":"notes://x{id}","name":"hid\u202eden"}]})");
                      }))});
  const auto listed = all("resources/templates/list", "resourceTemplates", "uriTemplate");
  EXPECT_THAT(listed.names, ElementsAre("notes://{id}", "notes://{a}-{b}"));
  EXPECT_EQ(listed.scope, "private");
  const auto page = ask("resources/templates/list");
  EXPECT_EQ(at(page, "/result/resourceTemplates/1"),
            R"({"uriTemplate":"notes://{a}-{b}","name":"narrower","mimeType":"text/x"})");
}

TEST_F(ListPages, TemplatesThatAreListedAreCompleted) {
  rack_.rack.publish({listing_tool(answers([](const auto& asked) {
    return testing::success(R"({"values":[)" + json::quote(asked.name) + "," + json::quote(asked.input_json) + "]}");
  }))});
  const auto complete = [&](const std::string& uri, const std::string& variable) {
    return ask("completion/complete", R"("ref":{"type":"ref/resource","uri":")" + uri + R"("},"argument":{"name":")" +
                                          variable + R"(","value":"x"},)");
  };
  const auto known = complete("notes://{a}-{b}", "b");
  EXPECT_EQ(at(known, "/result/completion/values/0"), "notes://{a}-{b}");
  EXPECT_THAT(at(known, "/result/completion/values/1"), HasSubstr(R"("uri":"notes://{a}-{b}")"));
  EXPECT_THAT(at(complete("notes://{a}-{b}", "c"), "/error/message"), HasSubstr("has no variable \"c\""));
  EXPECT_THAT(at(complete("else://{a}", "a"), "/error/message"), HasSubstr("else://{a}"));
}

TEST_F(ListPages, AnswerWithWhatIsNoListAsIfItHadFailed) {
  for (const auto* output :
       {"{}", R"({"items":[{"uri":"notes://1"}]})", R"({"items":[{"uri":"no uri","name":"n"}]})"}) {
    rack_.rack.publish({listing_tool(answers([=](const auto&) { return testing::success(output); }))});
    EXPECT_THAT(resources().names, ElementsAre("notes://index")) << output;
  }
}

registry::Outcome prompts(const registry::Invocation& asked) {
  if (asked.skill->kind == registry::Kind::kListPrompts)
    return testing::success(
        R"({"items":[{"name":"made","arguments":[{"name":"q","required":true}]},{"name":"fixed"}]})");
  if (asked.name != "made" && asked.name != "fixed")
    return testing::failure(
        base::Error(base::ErrorCode::kToolError, "it was never made").with_type(base::ErrorType::kNotFound));
  return testing::success(R"({"messages":[{"role":"user","content":{"type":"text","text":)" +
                          json::quote(std::string(asked.name) + " " + std::string(asked.input_json)) + "}}]}");
}

TEST_F(ListPages, PromptsThatAreListedCanBeHad) {
  rack_.rack.publish({listing_tool(answers(&prompts))});
  EXPECT_THAT(all("prompts/list", "prompts", "name").names, ElementsAre("lists_fixed", "lists_made"));
  const auto get = [&](const std::string& name, const std::string& arguments) {
    return ask("prompts/get", R"("name":")" + name + R"(","arguments":)" + arguments + ",", name);
  };
  EXPECT_EQ(at(get("lists_made", R"({"q":"a"})"), "/result/messages/0/content/text"), R"(made {"q":"a"})");
  EXPECT_THAT(at(get("lists_made", R"({"q":7})"), "/error/message"), HasSubstr("must be a string"));
  const auto none = get("lists_none", "{}");
  EXPECT_EQ(at(none, "/error/code"), "-32602");
  EXPECT_EQ(at(none, "/error/message"), "it was never made. List the prompts with prompts/list.");
  EXPECT_THAT(at(get("other_made", "{}"), "/error/message"), HasSubstr("other_made"));
}

class HostedListPages : public ListPages {
 protected:
  HostedListPages() : ListPages({.mode = call::Mode::kHosted}) {}
};

TEST_F(HostedListPages, AskNoPluginInNobodysName) {
  const auto handler = std::make_shared<testing::InstantSkill>([](const auto& asked) { return notes(asked, 2, 3); });
  rack_.rack.publish({listing_tool(handler)});
  const auto listed = resources();
  EXPECT_THAT(listed.names, ElementsAre("notes://index"));
  EXPECT_EQ(listed.scope, "public");
  EXPECT_EQ(handler->invoked.value(), 0);
}

}  // namespace
}  // namespace toolrack::mcp
