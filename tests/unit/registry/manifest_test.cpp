#include "registry/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "registry/input_validator.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace json = base::json;
using namespace std::chrono_literals;

const std::filesystem::path kData = std::filesystem::path(TOOLRACK_SOURCE_DIR) / "tests/data/manifests";

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::shared_ptr<Tool> load(std::string_view text) {
  auto tool = load_manifest(text);
  EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
  return tool ? *tool : nullptr;
}

/// The control with one piece of its text replaced.
std::string changed(std::string_view from, std::string_view to) {
  auto text = read(kData / "control.json");
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// Every file in hostile/ is the control with one thing wrong in it; the table says what, and the control shows that
// nothing else is.
TEST(Manifest, RefusesEachHostileFileForItsReason) {
  ASSERT_TRUE(load(read(kData / "control.json")));
  const auto table = json::parse(read(kData / "hostile_table.json"));
  ASSERT_TRUE(table && table->IsArray());
  std::set<std::string> listed;
  for (const auto& row : table->GetArray()) {
    const std::string file(*json::find_string(row, "file"));
    SCOPED_TRACE(file);
    listed.insert(file);
    const auto tool = load_manifest(read(kData / "hostile" / file));
    ASSERT_FALSE(tool);
    EXPECT_EQ(tool.error().code(), base::ErrorCode::kInvalidManifest);
    const std::string message(*json::find_string(row, "message"));
    const auto pointer = json::find_string(row, "pointer");
    if (!pointer) {
      EXPECT_THAT(tool.error().message(), HasSubstr(message));
      continue;
    }
    const auto details = json::parse(tool.error().details_json());
    ASSERT_TRUE(details && details->IsArray()) << tool.error().message();
    bool is_named = false;
    for (const auto& violation : details->GetArray()) {
      is_named |= json::find_string(violation, "pointer") == pointer &&
                  json::find_string(violation, "message")->find(message) != std::string_view::npos;
    }
    EXPECT_TRUE(is_named) << "wanted " << *pointer << ": " << message << "\ngot " << tool.error().details_json();
  }
  for (const auto& entry : std::filesystem::directory_iterator(kData / "hostile")) {
    EXPECT_TRUE(listed.contains(entry.path().filename().string())) << entry.path() << " has no row in the table";
  }
}

TEST(Manifest, ReadsEverything) {
  const auto text = read(kData / "control.json");
  const auto tool = load(text);
  ASSERT_TRUE(tool);
  EXPECT_EQ(tool->id(), "acme/weather");
  EXPECT_EQ(tool->version, "1.2.0");
  EXPECT_EQ(tool->prefix, "weather");
  EXPECT_EQ(tool->title, "Weather");
  EXPECT_EQ(tool->status, "stable");
  EXPECT_EQ(tool->source, "native");
  EXPECT_THAT(tool->aliases, ElementsAre("meteo"));
  EXPECT_THAT(tool->categories, ElementsAre("data"));
  EXPECT_THAT(tool->granted_hosts, ElementsAre("api.example.com"));
  EXPECT_THAT(tool->granted_tools, ElementsAre("geo.*"));
  EXPECT_THAT(tool->granted_secrets, ElementsAre("station"));
  EXPECT_EQ(tool->manifest_json, text);

  const auto* provider = tool->find_provider("station");
  ASSERT_NE(provider, nullptr);
  EXPECT_EQ(provider->base_url, "https://api.example.com/v1");
  EXPECT_EQ(provider->credential, "station");
  EXPECT_EQ(provider->timeout, 5'000ms);
  EXPECT_EQ(provider->options_json, R"({"model":"s1"})");
  EXPECT_EQ(tool->find_provider("other"), nullptr);

  ASSERT_EQ(tool->skills.size(), 2u);
  const auto& skill = tool->skills[0];
  EXPECT_EQ(skill.tool, tool.get());
  EXPECT_EQ(skill.flat_name, "weather_current");
  EXPECT_EQ(skill.price.micros(), 3'000);
  EXPECT_EQ(skill.estimated_seconds, 0.5);
  EXPECT_EQ(skill.timeout, 10'000ms);
  EXPECT_EQ(skill.cache_ttl, 60s);
  EXPECT_TRUE(skill.read_only);
  EXPECT_TRUE(skill.idempotent);
  EXPECT_FALSE(skill.is_long());
  EXPECT_THAT(skill.providers, ElementsAre("station"));
  ASSERT_EQ(skill.limits.size(), 1u);
  EXPECT_EQ(skill.limits[0].name, "acme/weather:station");
  EXPECT_EQ(skill.limits[0].scope, ClassLimit::Scope::kRack);
  EXPECT_EQ(skill.limits[0].count, 5u);
  EXPECT_EQ(skill.limits[0].window, 3'600s);
  ASSERT_EQ(skill.examples.size(), 1u);
  EXPECT_EQ(skill.examples[0].input_json, R"({"place":"Lyon"})");
  ASSERT_TRUE(skill.input_validator && skill.output_validator);
  EXPECT_THAT(skill.input_validator->check(*json::parse(R"({"place":"Nice"})")), IsEmpty());
  EXPECT_EQ(skill.input_validator->check(*json::parse(R"({"place":""})")).size(), 1u);
}

TEST(Manifest, FillsInWhatIsLeftOut) {
  const auto tool = load(R"({"manifest":"1.0","owner":"o","name":"my-tool","version":"0.1.0","description":"d",
                             "skills":[{"name":"go","description":"d","input":{"type":"object"}}]})");
  ASSERT_TRUE(tool);
  EXPECT_EQ(tool->title, "my-tool");
  EXPECT_EQ(tool->prefix, "my-tool");
  EXPECT_EQ(tool->status, "stable");
  EXPECT_FALSE(tool->eager || tool->unload_never);
  EXPECT_EQ(tool->max_concurrency, 0u);
  const auto& skill = tool->skills[0];
  EXPECT_EQ(skill.flat_name, "my-tool_go");
  EXPECT_EQ(skill.title, "go");
  EXPECT_EQ(skill.mode, Mode::kPooled);
  EXPECT_EQ(skill.timeout, 30s);
  EXPECT_EQ(skill.price.micros(), 0);
  EXPECT_EQ(skill.output_validator, nullptr);
  EXPECT_TRUE(skill.output_schema.empty() && skill.annotations_json.empty());
}

TEST(Manifest, TakesAnEmptyPrefixForFlatNamesWithoutOne) {
  EXPECT_EQ(load(changed(R"("prefix": "weather")", R"("prefix": "")"))->skills[0].flat_name, "current");
}

TEST(Manifest, KeepsSchemasTokenForTokenOnOneLine) {
  const auto tool = load(R"({"manifest":"1.0","owner":"o","name":"t","version":"0.1.0","description":"d","skills":[
    {"name":"a","description":"d","input":{"type":"object"}},
    {"name":"b","description":"d","output" : { "const" : 1e2 },
     "input":{ "type" : "object",
       "properties":{"z":{"maximum":1.50,"description":"\u00e9 \"x\"\n{ }"},
                     "a":{}}}}]})");
  ASSERT_TRUE(tool);
  EXPECT_EQ(tool->skills[1].input_schema,
            R"({"type":"object","properties":{"z":{"maximum":1.50,"description":"\u00e9 \"x\"\n{ }"},"a":{}}})");
  EXPECT_EQ(tool->skills[1].output_schema, R"({"const":1e2})");
  EXPECT_EQ(tool->skills[0].input_schema, R"({"type":"object"})");
  EXPECT_FALSE(tool->skills[1].has_object_output);
}

TEST(Manifest, FindsSchemasWhoseKeysAreWrittenWithEscapes) {
  const auto tool = load(R"({"manifest":"1.0","owner":"o","name":"t","version":"0.1.0","description":"d",
      "\u0073kills":[{"name":"a","description":"d","\u0069nput":{ "type":"object" }}]})");
  ASSERT_TRUE(tool);
  EXPECT_EQ(tool->skills[0].input_schema, R"({"type":"object"})");
}

TEST(Manifest, PassesExtensionMembersThroughEverywhere) {
  const auto tool = load(changed(R"("name": "current",)", R"("name": "current", "x-ui": {"icon": "sun"},)"));
  ASSERT_TRUE(tool);
  EXPECT_THAT(tool->manifest_json, HasSubstr("x-ui"));
  EXPECT_TRUE(load(changed(R"("owner": "acme",)", R"("owner": "acme", "x-": null,)")));
}

TEST(Manifest, NamesEveryViolation) {
  const auto tool =
      load_manifest(changed(R"("status": "stable",)", R"("status": "new", "extra": 1, "concurrency": -1,)"));
  ASSERT_FALSE(tool);
  const auto details = json::parse(tool.error().details_json());
  ASSERT_TRUE(details);
  EXPECT_EQ(details->Size(), 3u) << tool.error().details_json();
  EXPECT_THAT(tool.error().message(), HasSubstr("manifest at /status"));
  EXPECT_THAT(tool.error().message(), HasSubstr("(and 2 more)"));
}

TEST(Manifest, HoldsTheCeilingOfAPricePerUnit) {
  const auto tool =
      load(changed(R"("usd": "0.003")", R"("usd": "0.000000015", "per": "character", "max_usd": "0.25")"));
  ASSERT_TRUE(tool);
  EXPECT_EQ(tool->skills[0].price.micros(), 250'000);
}

TEST(Manifest, ReadsWindowsOfLimits) {
  for (const auto& [rate, count, window] : {std::tuple{"3/24h", 3u, 86'400s},
                                            {"30/h", 30u, 3'600s},
                                            {"10/min", 10u, 60s},
                                            {"1/s", 1u, 1s},
                                            {"2/7d", 2u, 604'800s}}) {
    const auto tool = load(changed(R"("rate": "5/h")", std::string(R"("rate": ")") + rate + "\""));
    ASSERT_TRUE(tool) << rate;
    EXPECT_EQ(tool->skills[0].limits[0].count, count) << rate;
    EXPECT_EQ(tool->skills[0].limits[0].window, window) << rate;
  }
}

TEST(Manifest, CallsAToolOfRequestsDeclarative) {
  const auto tool = load(R"({"manifest":"1.0","owner":"o","name":"t","version":"0.1.0","description":"d",
      "providers":{"p":{"base_url":"https://example.com"}},
      "skills":[{"name":"a","description":"d","input":{"type":"object"},"request":{"provider":"p","path":"/x"}}]})");
  ASSERT_TRUE(tool);
  EXPECT_EQ(tool->source, "declarative");
}

TEST(Manifest, TellsTheReaderOfANewerManifestToUpdate) {
  const auto tool = load_manifest(read(kData / "hostile/newer_minor.json"));
  ASSERT_FALSE(tool);
  EXPECT_THAT(std::string(tool.error().hint()), HasSubstr("Update Toolrack"));
}

}  // namespace
}  // namespace toolrack::registry
