#include "transports/mcp/tool_list.hpp"

#include "mcp_fixture.hpp"
#include "registry/tool_set.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using testing::parsed;

std::shared_ptr<const registry::Catalogue> catalogue(std::vector<std::shared_ptr<const registry::Tool>> tools,
                                                     std::uint64_t generation) {
  auto built = registry::Catalogue::build(std::move(tools), {"test"}, generation);
  EXPECT_TRUE(built) << built.error().message();
  return *built;
}

registry::Exposure exposure(std::string_view query) { return *registry::Exposure::parse(query); }

class ToolListsTest : public ::testing::Test {
 protected:
  std::shared_ptr<const std::string> list(const registry::Catalogue& from, std::string_view query, Revision revision) {
    const auto made = lists_.result(from, exposure(query), revision);
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or(nullptr);
  }
  FakeTool fake_;
  const operations::Table table_;
  ToolLists lists_{table_};
};

TEST_F(ToolListsTest, AreMadeOncePerExposureEraAndGeneration) {
  const auto first = catalogue({fake_.make()}, 1);
  const auto made = list(*first, "expose=flat", Revision::k20260728);
  EXPECT_EQ(list(*first, "expose=flat", Revision::k20260728), made) << "the same bytes, not equal ones";
  EXPECT_EQ(list(*first, "expose=flat", Revision::k20250618), list(*first, "expose=flat", Revision::k20241105));
  EXPECT_NE(list(*first, "expose=flat", Revision::k20250618), made);
  EXPECT_NE(list(*first, "expose=meta", Revision::k20260728), made);
  const auto second =
      catalogue({fake_.make(), testing::make_tool("more", {{.name = "one", .handler = fake_.echo}})}, 2);
  const auto remade = list(*second, "expose=flat", Revision::k20260728);
  EXPECT_NE(remade, made);
  EXPECT_NE(remade->find("more_one"), std::string::npos);
  EXPECT_EQ(made->find("more_one"), std::string::npos) << "what somebody holds does not change";
}

TEST_F(ToolListsTest, AreNotKeptWithoutBound) {
  std::vector<std::shared_ptr<const registry::Tool>> tools;
  for (const char c : std::string("abcdefg"))
    tools.push_back(testing::make_tool({c}, {{.name = "one", .handler = fake_.echo}}));
  const auto source = catalogue(std::move(tools), 1);
  std::vector<std::shared_ptr<const std::string>> held;
  for (unsigned set = 1; set < 128; ++set) {
    std::string query = "expose=flat&tools=";
    for (unsigned bit = 0; bit < 7; ++bit)
      if ((set >> bit & 1) != 0) query.append(1, static_cast<char>('a' + bit)).append(",");
    held.push_back(list(*source, query, Revision::k20260728));
  }
  const auto kept = std::ranges::count_if(held, [](const auto& one) { return one.use_count() > 1; });
  EXPECT_GT(kept, 0);
  EXPECT_LE(kept, 64) << "URLs are the client's, so is their number";
}

TEST_F(ToolListsTest, ShowTheMetaToolsWithTheirSchemas) {
  const auto body = parsed(*list(*catalogue({fake_.make()}, 1), "", Revision::k20251125));
  std::set<std::string> names;
  for (const auto& tool : base::json::find(body, "tools")->GetArray()) {
    names.insert(at(tool, "/name"));
    EXPECT_EQ(at(tool, "/inputSchema/type"), "object");
    EXPECT_NE(at(tool, "/description"), "(absent)");
  }
  for (const auto* name : {"discover", "use_tool", "create_api_key", "get_usage_summary"})
    EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_FALSE(names.contains("fake_echo"));
}

TEST_F(ToolListsTest, EmitSchemasAsTheyWereWritten) {
  constexpr std::string_view kOdd =
      R"({"type":"object","$defs":{"a":{"$anchor":"x","minimum":1e2}},"x-vendor":[null],"allOf":[{"if":{},"then":{}}]})";
  const auto source =
      catalogue({testing::make_tool("odd", {{.name = "one", .handler = fake_.echo, .input = std::string(kOdd)}})}, 1);
  for (const auto revision : {Revision::k20241105, Revision::k20260728})
    EXPECT_NE(list(*source, "expose=flat", revision)->find(kOdd), std::string::npos);
}

TEST_F(ToolListsTest, WrapOutputSchemasThatOldClientsRefuse) {
  const auto source = catalogue({fake_.make()}, 1);
  const auto output_of_number = [&](Revision revision) {
    const auto body = parsed(*list(*source, "expose=flat", revision));
    for (const auto& tool : base::json::find(body, "tools")->GetArray())
      if (at(tool, "/name") == "fake_number") return at(tool, "/outputSchema");
    return std::string("no such tool");
  };
  EXPECT_EQ(output_of_number(Revision::k20260728), R"({"type":"integer"})");
  EXPECT_EQ(output_of_number(Revision::k20251125),
            R"({"type":"object","properties":{"result":{"type":"integer"}},"required":["result"]})");
}

TEST_F(ToolListsTest, StandInTheSameOrderEveryTime) {
  const auto tools = [&] {
    return std::vector<std::shared_ptr<const registry::Tool>>{
        testing::make_tool("zeta", {{.name = "one", .handler = fake_.echo}}), fake_.make(),
        testing::make_tool("alpha", {{.name = "one", .handler = fake_.echo}})};
  };
  auto reversed = tools();
  std::ranges::reverse(reversed);
  EXPECT_EQ(*list(*catalogue(tools(), 1), "expose=flat", Revision::k20260728),
            *list(*catalogue(reversed, 2), "expose=flat", Revision::k20260728));
}

TEST_F(ToolListsTest, AreNotPushedOutByUrlsThatSomebodyMakesUp) {
  std::vector<std::shared_ptr<const registry::Tool>> tools;
  for (const char c : std::string("abcdefg"))
    tools.push_back(testing::make_tool({c}, {{.name = "one", .handler = fake_.echo}}));
  const auto source = catalogue(std::move(tools), 1);
  const auto patterns = base::json::parse(R"(["a","b"])");
  const auto set = registry::ToolSet::create(&*patterns, nullptr, nullptr).value();
  const auto narrowed = registry::Catalogue::narrow(source, *set);
  const auto all = list(*source, "expose=flat", Revision::k20260728);
  const auto meta = list(*source, "", Revision::k20260728);
  const auto of_key = list(*narrowed, "expose=flat", Revision::k20260728);
  EXPECT_NE(of_key, all);
  EXPECT_EQ(list(*narrowed, "", Revision::k20260728), meta) << "the meta-tools are the same for every key";
  for (unsigned chosen = 1; chosen < 128; ++chosen) {
    std::string query = "expose=flat&tools=";
    for (unsigned bit = 0; bit < 7; ++bit)
      if ((chosen >> bit & 1) != 0) query.append(1, static_cast<char>('a' + bit)).append(",");
    list(*source, query, Revision::k20260728);
    list(*source, "tools=" + std::to_string(chosen), Revision::k20260728);
  }
  EXPECT_EQ(list(*source, "expose=flat", Revision::k20260728), all);
  EXPECT_EQ(list(*source, "", Revision::k20260728), meta);
  EXPECT_EQ(list(*narrowed, "expose=flat", Revision::k20260728), of_key);
}

TEST(RecentLists, KeepWhatWasAskedForLastWithinBothBounds) {
  const auto bytes = [](std::size_t size) { return std::make_shared<const std::string>(size, 'x'); };
  RecentLists lists(3, 100);
  for (const auto* key : {"a", "b", "c"}) lists.put(key, bytes(10));
  lists.find("a");
  lists.put("d", bytes(10));
  EXPECT_EQ(lists.find("b"), nullptr);
  EXPECT_NE(lists.find("a"), nullptr);
  lists.put("large", bytes(85));
  EXPECT_EQ(lists.size(), 2u);
  EXPECT_EQ(lists.bytes(), 95u);
  lists.put("too large", bytes(101));
  EXPECT_EQ(lists.find("too large"), nullptr);
  EXPECT_NE(lists.find("large"), nullptr);
  lists.clear();
  EXPECT_EQ(lists.bytes(), 0u);
  EXPECT_EQ(lists.find("a"), nullptr);
}

}  // namespace
}  // namespace toolrack::mcp
