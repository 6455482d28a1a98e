#include "registry/exposure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/catalogue.hpp"
#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Exposure parse(std::string_view query) {
  auto exposure = Exposure::parse(query);
  EXPECT_TRUE(exposure) << query;
  return exposure.value_or(Exposure{});
}

std::shared_ptr<const Catalogue> catalogue() {
  auto built = Catalogue::build({FakeTool{.skills = {"b", "a"}, .aliases = {"search-engine"}}.make(),
                                 FakeTool{.slug = "voice", .skills = {"speak"}}.make(),
                                 FakeTool{.version = "2.0.0-rc.1", .skills = {"next"}}.make()},
                                {}, 1);
  EXPECT_TRUE(built);
  return *built;
}

std::vector<std::string> names(std::string_view query) {
  const auto tools = catalogue();
  const auto skills = parse(query).skills(*tools);
  EXPECT_TRUE(skills) << query;
  std::vector<std::string> out;
  if (skills)
    for (const auto* skill : *skills) out.push_back(skill->flat_name);
  return out;
}

TEST(Exposure, ShowsMetaToolsUnlessAskedForMore) {
  EXPECT_EQ(parse("").kind, Exposure::Kind::kMeta);
  EXPECT_EQ(parse("expose=meta&x=1").kind, Exposure::Kind::kMeta);
  EXPECT_THAT(names(""), IsEmpty());
}

TEST(Exposure, ShowsEverySkillUnderItsFlatName) {
  EXPECT_THAT(names("expose=flat"), ElementsAre("seo_a", "seo_b", "voice_speak"));
}

TEST(Exposure, NarrowsToTools) {
  EXPECT_THAT(names("expose=flat&tools=voice"), ElementsAre("voice_speak"));
  EXPECT_THAT(names("tools=voice%2Ctoolrack%2Fseo&expose=flat"), ElementsAre("seo_a", "seo_b", "voice_speak"));
  EXPECT_THAT(names("expose=flat&tools=search-engine"), ElementsAre("seo_a", "seo_b")) << "aliases too";
}

TEST(Exposure, ShowsTheVersionsThatAreNamed) {
  EXPECT_THAT(names("expose=flat&tools=seo@2,voice"), ElementsAre("seo_next", "voice_speak"));
  EXPECT_THAT(names("expose=flat&tools=toolrack/seo%401.0.0"), ElementsAre("seo_a", "seo_b"));
  const auto tools = catalogue();
  EXPECT_EQ(parse("expose=flat&tools=seo@3").skills(*tools).error().code(), base::ErrorCode::kVersionNotFound);
  const auto twice = parse("expose=flat&tools=seo,seo@1").skills(*tools);
  EXPECT_TRUE(twice) << "the same version";
}

TEST(Exposure, RefusesTwoVersionsWithOneFlatName) {
  const auto tools = *Catalogue::build({FakeTool{}.make(), FakeTool{.version = "2.0.0"}.make()}, {}, 1);
  const auto skills = parse("expose=flat&tools=seo@1,seo@2").skills(*tools);
  ASSERT_FALSE(skills);
  EXPECT_EQ(skills.error().code(), base::ErrorCode::kInvalidRequest);
  EXPECT_THAT(skills.error().message(), HasSubstr("toolrack/seo@1.0.0"));
  EXPECT_THAT(skills.error().message(), HasSubstr("\"seo_run\""));
}

TEST(Exposure, LeadsFlatNamesToTheVersionsThatAreNamed) {
  const auto tools = *Catalogue::build(
      {FakeTool{.skills = {"run", "old"}}.make(), FakeTool{.version = "2.0.0", .skills = {"run", "new"}}.make(),
       FakeTool{.slug = "voice", .skills = {"speak"}}.make()},
      {}, 1);
  const auto version = [&](std::string_view query, std::string_view name) -> std::string {
    const auto exposure = parse(query);
    const auto skill = exposure.find_flat(*tools, name);
    return !skill ? std::string(skill.error().name()) : *skill == nullptr ? "none" : (*skill)->tool->version;
  };
  EXPECT_FALSE(parse("tools=seo,voice").has_pins());
  EXPECT_TRUE(parse("tools=seo@1").has_pins());
  EXPECT_EQ(version("tools=seo@1", "seo_run"), "1.0.0");
  EXPECT_EQ(version("tools=seo@1", "seo_old"), "1.0.0");
  EXPECT_EQ(version("tools=seo@1", "seo_new"), "none") << "that version has no such skill";
  EXPECT_EQ(version("tools=seo@1", "voice_speak"), "1.0.0") << "every flat name is callable";
  EXPECT_EQ(version("tools=seo@7", "seo_run"), "version_not_found") << "no other version instead";
  EXPECT_EQ(version("tools=seo@7", "voice_speak"), "1.0.0");
  EXPECT_EQ(version("tools=voice", "seo_run"), "2.0.0");
}

TEST(Exposure, GivesEqualExposuresEqualKeys) {
  EXPECT_EQ(parse("expose=flat&tools=b,a,b,").cache_key(), parse("tools=a&tools=b&expose=flat").cache_key());
  EXPECT_NE(parse("expose=flat&tools=a").cache_key(), parse("expose=flat").cache_key());
  EXPECT_NE(parse("expose=flat").cache_key(), parse("").cache_key());
}

TEST(Exposure, RefusesUnknownValuesByName) {
  for (const auto& [query, words] : {std::pair{"expose=all", "\"all\""}, {"expose", "\"\""}, {"expose=%zz", ""}}) {
    const auto exposure = Exposure::parse(query);
    ASSERT_FALSE(exposure) << query;
    EXPECT_EQ(exposure.error().code(), base::ErrorCode::kInvalidRequest);
    EXPECT_THAT(exposure.error().message(), HasSubstr(words));
  }
  std::string many = "tools=";
  for (int i = 0; i < 1'000; ++i) many += "t" + std::to_string(i) + ",";
  EXPECT_FALSE(Exposure::parse(many));
}

TEST(Exposure, NamesAToolThatIsNotThere) {
  const auto skills = parse("expose=flat&tools=voise").skills(*catalogue());
  ASSERT_FALSE(skills);
  EXPECT_EQ(skills.error().code(), base::ErrorCode::kToolNotFound);
  EXPECT_THAT(skills.error().message(), HasSubstr("Did you mean \"voice\"?"));
}

}  // namespace
}  // namespace toolrack::registry
