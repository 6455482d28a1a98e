#include "registry/tool_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/manifest.hpp"
#include "registry/versions.hpp"
#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;

template <typename Write>
std::string written(const Write& write) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  write(writer);
  EXPECT_TRUE(json::parse(json::view(buffer))) << json::view(buffer);
  return std::string(json::view(buffer));
}

std::shared_ptr<Tool> weather() {
  auto tool = load_manifest(R"({"manifest":"1.0","owner":"acme","name":"weather","version":"1.2.0","title":"Weather",
    "description":"Current \"weather\".","categories":["data"],"aliases":["meteo"],
    "credentials":{"station":{"fields":{"k":{}},"scheme":"bearer"}},
    "providers":{"station":{"base_url":"https://api.example.com","credential":"station"}},
    "skills":[{"name":"current","title":"Now","description":"Weather now.","returns":"Degrees.",
      "input":{"type":"object","properties":{"z":{"maximum":1.50},"a":{}}},"output":{"type":"object"},
      "examples":[{"description":"Here.","input":{"z":1}}],"price":{"usd":"0.000001"},
      "annotations":{"readOnlyHint":true},"estimated_seconds":2,"providers":["station"]},
     {"name":"history","description":"Long.","input":{"type":"object"},"output":{"type":"array"},"async":true}]})");
  EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
  return *tool;
}

TEST(ToolJson, WritesTheRowOfAList) {
  const auto tool = weather();
  EXPECT_EQ(written([&](auto& writer) { write_tool_summary(writer, *tool); }),
            R"({"name":"weather","owner":"acme","displayName":"Weather","description":"Current \"weather\".",)"
            R"("version":"1.2.0","categories":["data"],"status":"stable","source":"native","skills":[)"
            R"({"name":"current","displayName":"Now","description":"Weather now.","flatName":"weather_current"},)"
            R"({"name":"history","displayName":"history","description":"Long.","flatName":"weather_history"}]})");
}

TEST(ToolJson, NamesTheVersionsThatStandBesideIt) {
  const auto catalogue = *Catalogue::build({FakeTool{}.make(), FakeTool{.version = "1.10.0"}.make(),
                                            FakeTool{.version = "1.9.0"}.make(), FakeTool{.slug = "voice"}.make()},
                                           {}, 1);
  const auto versions = [&](std::string_view name) {
    const auto& tool = **catalogue->find_tool(name);
    const auto row =
        *json::parse(written([&](auto& writer) { write_tool_summary(writer, tool, versions_of(*catalogue, tool)); }));
    const auto detail = *json::parse(
        written([&](auto& writer) { write_tool_detail(writer, tool, {}, versions_of(*catalogue, tool)); }));
    EXPECT_EQ(*json::find(row, "versions"), *json::find(detail, "versions"));
    return json::dump(*json::find(row, "versions"));
  };
  EXPECT_EQ(versions("seo"), R"(["1.10.0","1.9.0","1.0.0"])");
  EXPECT_EQ(versions("seo@1.9.0"), R"(["1.10.0","1.9.0","1.0.0"])");
  EXPECT_EQ(versions("voice"), R"(["1.0.0"])");
}

TEST(ToolJson, WritesWhatClientsReadInADetail) {
  const auto tool = weather();
  const auto text = written([&](auto& writer) { write_tool_detail(writer, *tool); });
  const auto detail = *json::parse(text);
  // compat.md 6.2: the client's words and the documentation's, both with the schema as it was written.
  EXPECT_NE(text.find(R"("inputSchema":{"type":"object","properties":{"z":{"maximum":1.50},"a":{}}})"),
            std::string::npos);
  EXPECT_NE(text.find(R"("input":{"type":"object","properties":{"z":{"maximum":1.50},"a":{}}})"), std::string::npos);
  EXPECT_EQ(json::dump(*json::at(detail, "/categories")), R"(["data"])");
  EXPECT_EQ(json::dump(*json::at(detail, "/aliases")), R"(["meteo"])");
  EXPECT_EQ(json::dump(*json::at(detail, "/credentials")), R"(["station"])");
  EXPECT_EQ(json::dump(*json::at(detail, "/providers")), R"([{"name":"station","credential":"station"}])");
  EXPECT_EQ(json::dump(*json::at(detail, "/skills/0/outputSchema")), R"({"type":"object"})");
  EXPECT_EQ(json::dump(*json::at(detail, "/skills/0/output")), R"({"type":"object"})");
  EXPECT_EQ(json::dump(*json::at(detail, "/skills/0/returns")), R"("Degrees.")");
  EXPECT_EQ(json::dump(*json::at(detail, "/skills/0/examples")), R"([{"description":"Here.","input":{"z":1}}])");
  EXPECT_EQ(json::dump(*json::at(detail, "/skills/0/annotations")),
            R"({"readOnlyHint":true,"execution":{"estimatedSeconds":2.0}})");
  EXPECT_NE(text.find(R"("price":{"usd":0.000001})"), std::string::npos);
  EXPECT_EQ(json::dump(*json::at(detail, "/skills/0/async")), "false");
}

TEST(ToolJson, TellsHowManyDocumentsThereAreToSearch) {
  const auto tool = weather();
  const auto documents = [&] { return *json::parse(written([&](auto& writer) { write_tool_detail(writer, *tool); })); };
  EXPECT_EQ(json::find(documents(), "documents"), nullptr);
  tool->knowledge = {{.id = "a", .title = "A", .text = "x"}, {.id = "b", .title = "B", .text = "y"}};
  EXPECT_EQ(json::find_int(documents(), "documents"), 2);
}

TEST(ToolJson, TellsOldClientsToPollForALongSkill) {
  const auto tool = weather();
  const auto detail = *json::parse(written([&](auto& writer) { write_tool_detail(writer, *tool); }));
  EXPECT_GE(json::at(detail, "/skills/1/annotations/execution/estimatedSeconds")->GetDouble(), 30);
  EXPECT_TRUE(json::at(detail, "/skills/1/async")->GetBool());
}

TEST(ToolJson, WritesAnMcpTool) {
  const auto tool = weather();
  EXPECT_EQ(
      written([&](auto& writer) { write_mcp_tool(writer, tool->skills[0], false); }),
      R"({"name":"weather_current","title":"Now","description":"Weather now.",)"
      R"("inputSchema":{"type":"object","properties":{"z":{"maximum":1.50},"a":{}}},"outputSchema":{"type":"object"},)"
      R"("annotations":{"readOnlyHint":true},"_meta":{"dev.toolrack/price_usd":0.000001}})");
}

TEST(ToolJson, KeepsTheAuthorsSpellingOfASchema) {
  // Order, numbers that reading and writing would change or round, escapes, and names of members that are escaped.
  const std::string input =
      R"({"type":"object","x-z":1,"x-a":{"b":2,"a":1},"properties":{"zeta":{"minimum":1.0,"maximum":1e3,)"
      R"("multipleOf":0.10},"alpha":{"maximum":123456789012345678901234567890,"default":-0.0},)"
      R"("caf\u00e9 \/ \ud83d\ude00":{"const":"tab\tand \"quote\" \u0041"}},"examples":[1E+2,1e-7,"\u003cb>"]})";
  const auto tool = load_manifest(
      R"({"manifest":"1.0","owner":"acme","name":"awkward","version":"1.0.0","description":"Spelled oddly.",)"
      R"("sk\u0069lls":[{"name":"one","description":"One.","in\u0070ut" : )" +
      input + "}]}");
  ASSERT_TRUE(tool) << tool.error().message();
  const auto mcp = written([&](auto& writer) { write_mcp_tool(writer, (*tool)->skills[0], false); });
  EXPECT_NE(mcp.find("\"inputSchema\":" + input), std::string::npos) << mcp;
  const auto detail = written([&](auto& writer) { write_tool_detail(writer, **tool); });
  EXPECT_NE(detail.find("\"inputSchema\":" + input), std::string::npos) << detail;
  EXPECT_NE(detail.find("\"input\":" + input), std::string::npos) << detail;
}

TEST(ToolJson, LeavesOutWhatASkillDoesNotHave) {
  const auto tool = FakeTool{}.make();
  EXPECT_EQ(written([&](auto& writer) { write_mcp_tool(writer, tool->skills[0], false); }),
            R"({"name":"seo_run","title":"run","description":"Does run.","inputSchema":{"type":"object"}})");
}

TEST(ToolJson, WrapsAnOutputThatIsNoObjectForOldRevisions) {
  const auto tool = weather();
  auto& skill = tool->skills[1];
  const auto schema = [&](bool legacy) {
    const auto parsed = *json::parse(written([&](auto& writer) { write_mcp_tool(writer, skill, legacy); }));
    const auto* found = json::find(parsed, "outputSchema");
    return found ? json::dump(*found) : std::string("none");
  };
  EXPECT_EQ(schema(false), R"({"type":"array"})");
  EXPECT_EQ(schema(true), R"({"type":"object","properties":{"result":{"type":"array"}},"required":["result"]})");
  skill.output_schema = R"({"type":"array","items":{"$ref":"#"}})";
  EXPECT_EQ(schema(true), "none") << "its references would point to the wrong place one level down";
}

}  // namespace
}  // namespace toolrack::registry
