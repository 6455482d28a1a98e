#include "registry/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidjson/pointer.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "registry/catalogue.hpp"
#include "registry/input_validator.hpp"
#include "support/data_file.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace json = base::json;
using namespace std::chrono_literals;

const std::filesystem::path kData = std::filesystem::path(TOOLRACK_SOURCE_DIR) / "tests/data";

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
  auto text = read(kData / "manifest_control.json");
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// The control, changed as a row of manifest_attacks.json says: `remove` and `set` name places by JSON Pointer, `from`
/// and `to` are texts (`bytes`: each character a byte), {bomb} in them is something repeated, {i} in it the number.
class Attack {
 public:
  explicit Attack(const json::Value& row) : row_(row) {}

  std::string text() const {
    auto out = read(kData / "manifest_control.json");
    if (const auto kept = json::find_int(row_, "keep_bytes")) out.resize(static_cast<std::size_t>(*kept));
    if (const auto from = json::find_string(row_, "from")) {
      const auto at = out.find(*from);
      EXPECT_NE(at, std::string::npos) << "the control has no " << *from;
      out.replace(at, from->size(), replacement());
    }
    return with_members(std::move(out), row_);
  }

  /// The tool that stands beside it, if the row has one.
  std::optional<std::string> other() const {
    const auto* members = json::find(row_, "beside");
    if (members == nullptr) return std::nullopt;
    json::Document as_row(rapidjson::kObjectType);
    as_row.AddMember("set", json::Value(*members, as_row.GetAllocator()), as_row.GetAllocator());
    return with_members(read(kData / "manifest_control.json"), as_row);
  }

 private:
  std::string replacement() const {
    std::string out(*json::find_string(row_, "to"));
    if (json::find_bool(row_, "bytes").value_or(false)) {
      std::string bytes;
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto c = static_cast<unsigned char>(out[i]);
        bytes += static_cast<char>(c < 0x80 ? c : (c << 6) | (static_cast<unsigned char>(out[++i]) & 0x3f));
      }
      out = bytes;
    }
    const auto* bomb = json::find(row_, "bomb");
    return bomb == nullptr ? out : put_in(std::move(out), "{bomb}", build(*bomb));
  }
  static std::string build(const json::Value& bomb) {
    const auto part = [&](const char* name) { return json::find_string(bomb, name).value_or(std::string_view()); };
    const auto times = json::find_int(bomb, "times").value_or(1);
    std::string out;
    if (const auto item = part("list"); !item.empty()) {
      for (std::int64_t i = 0; i < times; ++i)
        out += (i == 0 ? "" : ",") + put_in(std::string(item), "{i}", std::to_string(i));
      return out;
    }
    for (std::int64_t i = 0; i < times; ++i) out += part("open");
    out += part("item");
    for (std::int64_t i = 0; i < times; ++i) out += part("close");
    return out;
  }
  static std::string put_in(std::string text, std::string_view mark, const std::string& what) {
    const auto at = text.find(mark);
    return at == std::string::npos ? text : text.replace(at, mark.size(), what);
  }
  static std::string with_members(std::string text, const json::Value& row) {
    const auto* remove = json::find(row, "remove");
    const auto* set = json::find(row, "set");
    if (remove == nullptr && set == nullptr) return text;
    auto document = json::parse(text);
    EXPECT_TRUE(document);
    if (remove != nullptr) {
      for (const auto& place : remove->GetArray()) rapidjson::Pointer(place.GetString()).Erase(*document);
    }
    if (set != nullptr) {
      for (const auto& [place, value] : set->GetObject())
        rapidjson::Pointer(place.GetString(), place.GetStringLength()).Set(*document, value);
    }
    return json::dump(*document);
  }

  const json::Value& row_;
};

class ManifestAttack : public ::testing::TestWithParam<const json::Value*> {};

TEST_P(ManifestAttack, EndsAsTheTableSays) {
  const auto& row = *GetParam();
  const auto expected = *json::find_string(row, "expect");
  const auto message = json::find_string(row, "message").value_or(std::string_view());
  const Attack attack(row);
  auto tool = load_manifest(attack.text());
  if (const auto other = attack.other()) {
    auto beside = load_manifest(*other);
    ASSERT_TRUE(beside) << beside.error().message();
    ASSERT_TRUE(tool) << tool.error().message();
    const auto both = Catalogue::build({*tool, *beside}, {}, 1);
    EXPECT_EQ(both ? "ok" : both.error().name(), expected);
    if (!both) EXPECT_THAT(both.error().message(), HasSubstr(message));
    return;
  }
  ASSERT_EQ(tool ? "ok" : tool.error().name(), expected) << (tool ? "" : tool.error().message());
  if (tool) return;
  EXPECT_LT(tool.error().details_json().size(), 20'000U);
  const auto pointer = json::find_string(row, "pointer");
  if (!pointer) {
    EXPECT_THAT(tool.error().message(), HasSubstr(message));
    return;
  }
  const auto details = json::parse(tool.error().details_json());
  ASSERT_TRUE(details && details->IsArray()) << tool.error().message();
  EXPECT_LE(details->Size(), 32U);
  bool is_named = false;
  for (const auto& violation : details->GetArray()) {
    is_named |= json::find_string(violation, "pointer") == pointer &&
                json::find_string(violation, "message")->find(message) != std::string_view::npos;
  }
  EXPECT_TRUE(is_named) << "wanted " << *pointer << ": " << message << "\ngot " << tool.error().details_json();
}

std::vector<const json::Value*> attacks() {
  static const auto& all = toolrack::testing::data_file("manifest_attacks.json");
  std::vector<const json::Value*> out;
  for (const auto& row : all.GetArray()) out.push_back(&row);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Each, ManifestAttack, ::testing::ValuesIn(attacks()),
                         [](const auto& row) { return toolrack::testing::case_name(*row.param); });

TEST(Manifest, ReadsEverything) {
  const auto text = read(kData / "manifest_control.json");
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
  ASSERT_EQ(skill.backends.size(), 1U);
  EXPECT_EQ(skill.backends[0].provider, "station");
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

TEST(Manifest, SaysWhichSkillsAreJobsAndWhenTheyAsk) {
  const auto tool = load(R"({"manifest":"1.0","owner":"o","name":"t","version":"1.0.0","description":"d","skills":[
      {"name":"a","description":"d","input":{"type":"object"}},
      {"name":"b","description":"d","input":{"type":"object"},"async":true},
      {"name":"c","description":"d","input":{"type":"object"},"async":"required","asks_first":true},
      {"name":"e","description":"d","input":{"type":"object"},"async":false}]})");
  ASSERT_NE(tool, nullptr);
  const auto told = [&](std::size_t i) {
    const auto& skill = tool->skills[i];
    return std::tuple(skill.is_long(), skill.job_only, skill.asks_first);
  };
  EXPECT_EQ(told(0), std::tuple(false, false, false));
  EXPECT_EQ(told(1), std::tuple(true, false, false));
  EXPECT_EQ(told(2), std::tuple(true, true, true));
  EXPECT_EQ(told(3), std::tuple(false, false, false));
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

TEST(Manifest, MakesWhereARequestGoesTheSkillsBackend) {
  const auto with = [](const std::string& of_skill, const std::string& provider) {
    return load_manifest(
        R"({"manifest":"1.0","owner":"o","name":"t","version":"0.1.0","description":"d",
            "providers":{"p":{"base_url":"https://example.com","options":{"a":1}},"q":{"base_url":"https://example.org"}},
            "skills":[{"name":"a","description":"d","input":{"type":"object"},"price":{"usd":"0.5"})" +
        of_skill + R"(,"request":{"path":"/x")" + provider + "}}]}");
  };
  const auto named = with("", R"(,"provider":"p")");
  ASSERT_TRUE(named);
  const auto& skill = (*named)->skills[0];
  ASSERT_EQ(skill.backends.size(), 1U);
  EXPECT_EQ(skill.backends[0].provider, "p");
  EXPECT_EQ(skill.backends[0].price, base::Money::from_micros(500'000));
  EXPECT_EQ(skill.backends[0].options_json, R"({"a":1})");

  const auto chosen = with(R"(,"providers":["p","q"])", "");
  ASSERT_TRUE(chosen);
  EXPECT_EQ((*chosen)->skills[0].backends.size(), 2U);
  EXPECT_TRUE(with(R"(,"providers":["q"])", R"(,"provider":"q")"));

  const auto torn = with(R"(,"providers":["p","q"])", R"(,"provider":"p")");
  ASSERT_FALSE(torn);
  EXPECT_THAT(torn.error().message() + torn.error().details_json(), HasSubstr("/skills/0/request/provider"));
}

TEST(Manifest, TellsTheReaderOfANewerManifestToUpdate) {
  const auto tool = load_manifest(changed(R"("manifest": "1.0")", R"("manifest": "1.7", "future_field": 1)"));
  ASSERT_FALSE(tool);
  EXPECT_THAT(std::string(tool.error().hint()), HasSubstr("Update Toolrack"));
}

}  // namespace
}  // namespace toolrack::registry
