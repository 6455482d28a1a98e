#include "registry/version_policy.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/catalogue.hpp"
#include "registry/version_policy_json.hpp"
#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

using ::testing::HasSubstr;

using Tools = std::vector<std::shared_ptr<const Tool>>;

Tools versions(const std::vector<std::string>& numbers) {
  Tools out;
  for (const auto& number : numbers)
    out.push_back(FakeTool{.version = number, .skills = {"run"}, .aliases = {"engine"}}.make());
  return out;
}

std::string usual(const std::vector<std::string>& descending, const VersionPolicy& policy) {
  const auto tools = versions(descending);
  std::vector<const Tool*> raw;
  for (const auto& tool : tools) raw.push_back(tool.get());
  return usual_version(raw, &policy).version;
}

std::shared_ptr<const Catalogue> catalogue(const std::vector<std::string>& numbers, const VersionPolicy& policy) {
  auto built = Catalogue::build(versions(numbers), {}, 1, {{"toolrack/seo", policy}});
  EXPECT_TRUE(built) << (built ? "" : built.error().message());
  return built.value_or(nullptr);
}

/// The version that the name means, or the error's name.
std::string found(const Catalogue& catalogue, std::string_view name) {
  const auto tool = catalogue.find_tool(name);
  return tool ? (*tool)->version : std::string(tool.error().name());
}

TEST(VersionPolicy, MakesThePromotedVersionTheUsualOneEvenAPreRelease) {
  EXPECT_EQ(usual({"2.0.0", "1.4.0"}, {}), "2.0.0");
  EXPECT_EQ(usual({"2.0.0", "1.4.0"}, {.promoted = "1.4.0"}), "1.4.0");
  EXPECT_EQ(usual({"3.0.0-rc.1", "2.0.0"}, {.promoted = "3.0.0-rc.1"}), "3.0.0-rc.1");
}

TEST(VersionPolicy, TakesTheHighestWhileThePromotedVersionIsAway) {
  EXPECT_EQ(usual({"2.0.0", "1.3.0"}, {.promoted = "1.4.0"}), "2.0.0");
}

TEST(VersionPolicy, PassesOverWhatIsSetBackWhileAnotherStableOneIsThere) {
  const VersionPolicy policy{.set_back = {{.version = "2.0.0", .build_id = "", .reason = "bad"}}};
  EXPECT_EQ(usual({"2.0.0", "1.4.0"}, policy), "1.4.0");
  EXPECT_EQ(usual({"2.0.1", "2.0.0", "1.4.0"}, policy), "2.0.1") << "a later one takes over by itself";
  EXPECT_EQ(usual({"2.0.0"}, policy), "2.0.0") << "there is no other";
  EXPECT_EQ(usual({"3.0.0-rc.1", "2.0.0"}, policy), "2.0.0") << "a pre-release takes nobody's place";
}

TEST(VersionPolicy, MeansOneBuildOfAVersionThatIsSetBack) {
  const VersionPolicy policy{.set_back = {{.version = "2.0.0", .build_id = "another", .reason = "bad"}}};
  EXPECT_EQ(usual({"2.0.0", "1.4.0"}, policy), "2.0.0");
}

TEST(VersionPolicy, HoldsForPartOfAVersionToo) {
  const auto tools = catalogue({"1.3.0", "1.4.0", "2.0.0"}, {.promoted = "1.3.0"});
  EXPECT_EQ(found(*tools, "seo"), "1.3.0");
  EXPECT_EQ(found(*tools, "seo@1"), "1.3.0");
  EXPECT_EQ(found(*tools, "seo@1.4"), "1.4.0");
  EXPECT_EQ(found(*tools, "seo@2"), "2.0.0");
  ASSERT_EQ(tools->tools().size(), 1u);
  EXPECT_EQ(tools->find_flat("seo_run")->tool->version, "1.3.0");
}

TEST(VersionPolicy, TakesADisabledVersionOutAndSaysSo) {
  const auto tools = catalogue({"1.3.0", "1.4.0", "2.0.0"}, {.disabled = {"2.0.0"}});
  EXPECT_EQ(found(*tools, "seo"), "1.4.0");
  EXPECT_EQ(found(*tools, "seo@2"), "tool_disabled");
  EXPECT_EQ(found(*tools, "seo@3"), "version_not_found");
  EXPECT_EQ(tools->all().size(), 2u);
  EXPECT_EQ(tools->withheld().size(), 1u);
  const auto refused = tools->find_tool("engine@2.0.0");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("toolrack/seo@2.0.0 is disabled"));
  EXPECT_THAT(refused.error().hint(), HasSubstr("toolrack enable toolrack/seo@2.0.0"));
}

TEST(VersionPolicy, TakesADisabledToolOutUnderEveryNameAndSaysSo) {
  const auto tools = catalogue({"1.3.0", "2.0.0"}, {.is_disabled = true});
  EXPECT_TRUE(tools->tools().empty());
  EXPECT_TRUE(tools->flat().empty());
  for (const auto* name : {"seo", "toolrack/seo", "engine", "seo@1", "seo_run"})
    EXPECT_EQ(found(*tools, name), "tool_disabled") << name;
  EXPECT_EQ(found(*tools, "seo_other"), "tool_not_found");
  EXPECT_THAT(tools->find_tool("seo").error().hint(), HasSubstr("`toolrack enable toolrack/seo`"));
}

TEST(VersionPolicy, IsDisabledWhenItsOnlyVersionIs) {
  const auto tools = catalogue({"1.0.0"}, {.disabled = {"1.0.0"}});
  EXPECT_EQ(found(*tools, "seo"), "tool_disabled");
  EXPECT_THAT(tools->find_tool("seo").error().hint(), HasSubstr("`toolrack enable toolrack/seo@1.0.0`"));
}

TEST(VersionPolicy, ShowsTheCanaryToItsKeysAlone) {
  const auto tools = catalogue({"1.0.0", "2.0.0-rc.1"}, {.canary = Canary{.version = "2.0.0-rc.1", .keys = {"k1"}}});
  const auto& usual = *tools->tools().front();
  EXPECT_EQ(usual.version, "1.0.0");
  EXPECT_EQ(tools->shown_to("k1", usual).version, "2.0.0-rc.1");
  EXPECT_EQ(tools->shown_to("k2", usual).version, "1.0.0");
  EXPECT_EQ(tools->shown_to("k1", usual.skills.front()).tool->version, "2.0.0-rc.1");
  EXPECT_EQ(found(*tools, "seo@1"), "1.0.0");
}

TEST(VersionPolicy, LeavesCallersOnTheUsualVersionForASkillThatTheCanaryLacks) {
  const auto built = Catalogue::build(
      {FakeTool{.version = "1.0.0", .skills = {"run", "old"}}.make(), FakeTool{.version = "2.0.0-rc.1"}.make()}, {}, 1,
      {{"toolrack/seo", {.canary = Canary{.version = "2.0.0-rc.1", .keys = {"k1"}}}}});
  ASSERT_TRUE(built);
  EXPECT_EQ((*built)->shown_to("k1", *(*built)->find_flat("seo_old")).tool->version, "1.0.0");
  EXPECT_EQ((*built)->shown_to("k1", *(*built)->find_flat("seo_run")).tool->version, "2.0.0-rc.1");
}

TEST(VersionPolicy, ShowsNoCanaryThatIsAwayOrDisabledOrUsual) {
  const Canary canary{.version = "2.0.0", .keys = {"k1"}};
  const auto shown = [](const auto& tools) { return tools->shown_to("k1", *tools->tools().front()).version; };
  EXPECT_EQ(shown(catalogue({"1.0.0"}, {.canary = canary})), "1.0.0");
  EXPECT_EQ(shown(catalogue({"1.0.0", "2.0.0"}, {.disabled = {"2.0.0"}, .canary = canary})), "1.0.0");
  EXPECT_EQ(shown(catalogue({"1.0.0", "2.0.0"}, {.canary = canary})), "2.0.0") << "everybody's";
}

TEST(Canary, IsShownToItsShareOfKeysAndToTheSameOnesAsItGrows) {
  const auto seed = Canary::seed_of("toolrack/seo", "2.0.0");
  int few = 0, many = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto key = fmt::format("{:016x}", i);
    const bool is_few = Canary{.version = {}, .share = Canary::share_of(5)}.is_shown_to(key, seed);
    const bool is_many = Canary{.version = {}, .share = Canary::share_of(50)}.is_shown_to(key, seed);
    few += is_few ? 1 : 0;
    many += is_many ? 1 : 0;
    EXPECT_TRUE(is_many || !is_few) << key;
    EXPECT_TRUE((Canary{.version = {}, .share = Canary::kWhole}.is_shown_to(key, seed)));
    EXPECT_FALSE(Canary{}.is_shown_to(key, seed));
  }
  EXPECT_NEAR(few, 500, 100);
  EXPECT_NEAR(many, 5'000, 300);
}

TEST(Canary, DividesTheKeysAnewForAnotherVersion) {
  const Canary half{.version = {}, .share = Canary::share_of(50)};
  int same = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto key = fmt::format("{:016x}", i);
    same += half.is_shown_to(key, Canary::seed_of("toolrack/seo", "2.0.0")) ==
                    half.is_shown_to(key, Canary::seed_of("toolrack/seo", "2.0.1"))
                ? 1
                : 0;
  }
  EXPECT_NEAR(same, 500, 100);
}

TEST(Canary, TakesAPercentageForAShareThatIsNotNothing) {
  EXPECT_EQ(Canary::share_of(5), 500u);
  EXPECT_EQ(Canary::share_of(0.001), 1u);
  EXPECT_EQ(Canary::share_of(0), 0u);
  EXPECT_EQ(Canary::share_of(250), Canary::kWhole);
}

TEST(VersionPolicy, IsReadAsItWasWritten) {
  const VersionPolicy policy{.promoted = "1.4.0",
                             .is_disabled = true,
                             .disabled = {"1.0.0", "2.0.0"},
                             .set_back = {{.version = "2.0.0", .build_id = "b1", .reason = "5 of 5", .unix_ns = 17}},
                             .canary = Canary{.version = "2.0.0", .share = 525, .keys = {"k1", "k2"}},
                             .before = {"1.0.0", "2.0.0"},
                             .forced = {"1.5.0"}};
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  write_members(writer, policy);
  writer.EndObject();
  const auto parsed = base::json::parse(base::json::view(buffer));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(read_version_policy(*parsed), policy);
  EXPECT_TRUE(read_version_policy(*base::json::parse(R"({"later":[1],"disabled":7,"set_back":[3]})")).is_empty());
}

}  // namespace
}  // namespace toolrack::registry
