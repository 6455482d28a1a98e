#include "registry/catalogue.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

using base::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Tools = std::vector<std::shared_ptr<const Tool>>;

std::shared_ptr<const Catalogue> build(Tools tools, std::vector<std::string> owner_order = {}) {
  auto catalogue = Catalogue::build(std::move(tools), std::move(owner_order), 1);
  EXPECT_TRUE(catalogue) << (catalogue ? "" : catalogue.error().message());
  return catalogue ? *catalogue : nullptr;
}

std::string found(const Catalogue& catalogue, std::string_view name) {
  const auto tool = catalogue.find_tool(name);
  return tool ? (*tool)->id() + "@" + (*tool)->version : "error: " + tool.error().message();
}

TEST(Catalogue, FindsByBareAndQualifiedNameAndAlias) {
  const auto catalogue = build({FakeTool{.aliases = {"search-engine"}}.make(), FakeTool{.slug = "voice"}.make()});
  EXPECT_EQ(found(*catalogue, "seo"), "toolrack/seo@1.0.0");
  EXPECT_EQ(found(*catalogue, "toolrack/seo"), "toolrack/seo@1.0.0");
  EXPECT_EQ(found(*catalogue, "search-engine"), "toolrack/seo@1.0.0");
  EXPECT_EQ(found(*catalogue, "toolrack/search-engine@1"), "toolrack/seo@1.0.0");
  EXPECT_THAT(found(*catalogue, "acme/seo"), HasSubstr("error: there is no tool"));
}

TEST(Catalogue, KeepsVersionsBesideEachOtherAndTakesTheHighestStable) {
  Tools tools;
  for (const auto* version : {"1.9.0", "1.10.0", "2.0.0", "2.1.0-rc.1", "3.0.0-beta.2", "3.0.0-beta.11"})
    tools.push_back(FakeTool{.version = version}.make());
  const auto catalogue = build(tools);
  EXPECT_EQ(catalogue->all().size(), 6u);
  EXPECT_EQ(catalogue->tools().size(), 1u);
  EXPECT_EQ(found(*catalogue, "seo"), "toolrack/seo@2.0.0");
  EXPECT_EQ(found(*catalogue, "seo@1"), "toolrack/seo@1.10.0");
  EXPECT_EQ(found(*catalogue, "seo@1.9"), "toolrack/seo@1.9.0");
  EXPECT_EQ(found(*catalogue, "seo@1.10.0"), "toolrack/seo@1.10.0");
  EXPECT_EQ(found(*catalogue, "seo@2"), "toolrack/seo@2.0.0") << "stable before pre-release";
  EXPECT_EQ(found(*catalogue, "seo@3"), "toolrack/seo@3.0.0-beta.11") << "a pre-release where there is nothing else";
  EXPECT_EQ(found(*catalogue, "seo@3.0.0-beta.2"), "toolrack/seo@3.0.0-beta.2");
}

TEST(Catalogue, FallsBackToAPreReleaseOnlyWithoutAStable) {
  EXPECT_EQ(found(*build({FakeTool{.version = "0.1.0-a"}.make(), FakeTool{.version = "0.1.0-b"}.make()}), "seo"),
            "toolrack/seo@0.1.0-b");
}

TEST(Catalogue, ListsTheVersionsThereAreWhenOneIsNot) {
  const auto catalogue = build({FakeTool{.version = "1.0.0"}.make(), FakeTool{.version = "2.0.0"}.make()});
  for (const auto* name : {"seo@3", "seo@1.0.1", "seo@1.", "seo@1.0.", "seo@v1", "seo@latest", "seo@10"}) {
    const auto tool = catalogue->find_tool(name);
    ASSERT_FALSE(tool) << name;
    EXPECT_EQ(tool.error().code(), ErrorCode::kVersionNotFound) << name;
    EXPECT_THAT(tool.error().message(), HasSubstr("there are: 2.0.0, 1.0.0")) << name;
  }
}

TEST(Catalogue, IgnoresBuildMetadataInAPin) {
  EXPECT_EQ(found(*build({FakeTool{.version = "1.0.0+x7"}.make()}), "seo@1.0.0"), "toolrack/seo@1.0.0+x7");
}

TEST(Catalogue, SuggestsNearNames) {
  const auto catalogue = build({FakeTool{.aliases = {"page-audit"}}.make(), FakeTool{.slug = "weather"}.make()});
  const auto tool = catalogue->find_tool("wether");
  ASSERT_FALSE(tool);
  EXPECT_EQ(tool.error().code(), ErrorCode::kToolNotFound);
  EXPECT_EQ(tool.error().message(), R"(there is no tool "wether". Did you mean "weather"?)");
  EXPECT_THAT(catalogue->find_tool("page").error().message(), HasSubstr("\"page-audit\""));
  EXPECT_EQ(catalogue->find_tool("zzz").error().message(), R"(there is no tool "zzz".)");
}

TEST(Catalogue, RefusesMalformedNames) {
  const auto catalogue = build({FakeTool{}.make()});
  for (const auto* name :
       {"", "@", "/", "seo@", "/seo", "toolrack/", "toolrack/seo@", "a/b/seo", "seo@1@2", "SEO", "seo "}) {
    EXPECT_FALSE(catalogue->find_tool(name)) << name;
  }
  EXPECT_LT(catalogue->find_tool(std::string(1 << 20, 'a')).error().message().size(), 300u);
  EXPECT_THAT(catalogue->find_tool("se\xffo").error().message(), HasSubstr("there is no tool \"se\ufffdo\""));
}

TEST(Catalogue, ResolvesABareSlugByOwnerOrderBundledFirst) {
  const auto acme = FakeTool{.owner = "acme", .prefix = "a"}.make();
  const auto zeta = FakeTool{.owner = "zeta", .prefix = "z"}.make();
  EXPECT_EQ(found(*build({zeta, acme}), "seo"), "acme/seo@1.0.0") << "without an order: by name";
  EXPECT_EQ(found(*build({zeta, acme}, {"zeta", "acme"}), "seo"), "zeta/seo@1.0.0");
  const auto bundled = FakeTool{.owner = "toolrack", .prefix = "t", .bundled = true}.make();
  const auto catalogue = build({zeta, bundled, acme}, {"zeta", "acme"});
  EXPECT_EQ(found(*catalogue, "seo"), "toolrack/seo@1.0.0");
  EXPECT_EQ(found(*catalogue, "zeta/seo"), "zeta/seo@1.0.0");
}

TEST(Catalogue, FindsSkillsAndSuggests) {
  const auto tool = FakeTool{.skills = {"analyze_page", "check_sitemap"}}.make();
  const auto catalogue = build({tool});
  ASSERT_TRUE(catalogue->find_skill(*tool, "check_sitemap"));
  EXPECT_EQ((*catalogue->find_skill(*tool, "check_sitemap"))->flat_name, "seo_check_sitemap");
  const auto missing = catalogue->find_skill(*tool, "analyse_page");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kSkillNotFound);
  EXPECT_EQ(missing.error().message(), R"(toolrack/seo has no skill "analyse_page". Did you mean "analyze_page"? )"
                                       "It has: analyze_page, check_sitemap.");
}

TEST(Catalogue, FindsFlatNamesOfDefaultVersionsOnly) {
  const auto catalogue = build({FakeTool{.version = "1.0.0", .skills = {"old"}}.make(),
                                FakeTool{.version = "2.0.0", .skills = {"new"}}.make(),
                                FakeTool{.slug = "echo", .skills = {"echo"}, .prefix = ""}.make()});
  ASSERT_NE(catalogue->find_flat("seo_new"), nullptr);
  EXPECT_EQ(catalogue->find_flat("seo_new")->tool->version, "2.0.0");
  EXPECT_EQ(catalogue->find_flat("seo_old"), nullptr);
  EXPECT_NE(catalogue->find_flat("echo"), nullptr);
  EXPECT_EQ(catalogue->find_flat(""), nullptr);
  std::vector<std::string> names;
  for (const auto* skill : catalogue->flat()) names.push_back(skill->flat_name);
  EXPECT_THAT(names, ElementsAre("echo", "seo_new"));
}

TEST(Catalogue, OrdersToolsBySlugThenOwner) {
  const auto catalogue =
      build({FakeTool{.slug = "b"}.make(), FakeTool{.owner = "z", .slug = "a", .prefix = "za"}.make(),
             FakeTool{.owner = "c", .slug = "a", .prefix = "ca"}.make()});
  std::vector<std::string> ids;
  for (const auto* tool : catalogue->tools()) ids.push_back(tool->id());
  EXPECT_THAT(ids, ElementsAre("c/a", "z/a", "toolrack/b"));
}

TEST(Catalogue, RefusesConflictsAndNamesBothParties) {
  struct Row {
    Tools tools;
    std::vector<std::string> words;
  };
  const auto a = FakeTool{.aliases = {"x"}}.make();
  a->build_id = "b1";
  const auto same = FakeTool{}.make();
  same->build_id = "b2";
  const Row rows[] = {
      {{a, same}, {"toolrack/seo@1.0.0", "b1", "b2"}},
      {{a, FakeTool{.owner = "acme"}.make()}, {"\"seo_run\"", "toolrack/seo@1.0.0", "acme/seo@1.0.0"}},
      {{a, FakeTool{.slug = "s", .aliases = {"x"}}.make()},
       {"alias \"x\"", "an alias of", "toolrack/seo", "toolrack/s@"}},
      {{a, FakeTool{.slug = "x"}.make()}, {"alias \"x\"", "the name of", "toolrack/seo", "toolrack/x@"}},
      {{FakeTool{.slug = "a", .skills = {"b_c"}}.make(),
        FakeTool{.slug = "a-b", .skills = {"c"}, .prefix = "a_b"}.make()},
       {"\"a_b_c\"", "\"b_c\"", "\"c\"", "toolrack/a@", "toolrack/a-b@"}},
  };
  for (const auto& row : rows) {
    const auto catalogue = Catalogue::build(row.tools, {}, 1);
    ASSERT_FALSE(catalogue) << row.words.front();
    EXPECT_EQ(catalogue.error().code(), ErrorCode::kConflict);
    for (const auto& word : row.words) EXPECT_THAT(catalogue.error().message(), HasSubstr(word));
  }
}

TEST(Catalogue, LetsAnOlderVersionKeepNamesThatANewerGaveAway) {
  EXPECT_TRUE(build({FakeTool{.version = "1.0.0", .aliases = {"x"}}.make(), FakeTool{.version = "2.0.0"}.make(),
                     FakeTool{.slug = "y", .aliases = {"x"}}.make()}));
}

TEST(Catalogue, StandsEmpty) {
  const auto catalogue = build({});
  EXPECT_FALSE(catalogue->find_tool("seo"));
  EXPECT_EQ(catalogue->find_flat("seo_run"), nullptr);
  EXPECT_TRUE(catalogue->search({.text = "seo"}).empty());
  EXPECT_EQ(catalogue->generation(), 1u);
}

}  // namespace
}  // namespace toolrack::registry
