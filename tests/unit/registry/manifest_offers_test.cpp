// Resources and prompts: what a manifest may say of them, and where a catalogue and an endpoint find them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "registry/catalogue.hpp"
#include "registry/compatibility.hpp"
#include "registry/exposure.hpp"
#include "registry/manifest.hpp"
#include "registry/uri_template.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string manifest(std::string_view name, std::string_view more, std::string_view version = "1.0.0") {
  return fmt::format(
      R"({{"manifest":"1.0","owner":"test","name":"{}","version":"{}","description":"d",{}"skills":[]}})", name,
      version, more);
}

std::shared_ptr<Tool> load(std::string_view name, std::string_view more, std::string_view version = "1.0.0") {
  auto tool = load_manifest(manifest(name, more, version));
  EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
  return tool.value_or(nullptr);
}

std::string refusal(std::string_view more) {
  const auto tool = load_manifest(manifest("t", more));
  return tool ? "" : tool.error().message();
}

std::shared_ptr<const Catalogue> catalogue(std::vector<std::shared_ptr<const Tool>> tools) {
  auto built = Catalogue::build(std::move(tools), {}, 1);
  EXPECT_TRUE(built) << (built ? "" : built.error().message());
  return built.value_or(nullptr);
}

TEST(ManifestOffers, ReadsResourcesAndPromptsAndMakesTheirServices) {
  const auto tool = load("t", R"("resources":[{"uri":"x://a","name":"a","size":3,"media_type":"text/plain"},
    {"uri_template":"x://{id}","name":"b"}],
    "prompts":[{"name":"ask","arguments":[{"name":"q","required":true},{"name":"r"}],"meta":{"k":1}}],)");
  ASSERT_EQ(tool->resources.size(), 2U);
  EXPECT_EQ(tool->resources[0].uri, "x://a");
  EXPECT_EQ(tool->resources[0].size, 3);
  EXPECT_EQ(tool->resources[0].uri_template, nullptr);
  EXPECT_THAT(tool->resources[1].uri_template->variables(), ElementsAre("id"));
  ASSERT_EQ(tool->prompts.size(), 1U);
  EXPECT_EQ(tool->prompts[0].flat_name, "t_ask");
  EXPECT_EQ(tool->prompts[0].meta_json, R"({"k":1})");
  EXPECT_TRUE(tool->prompts[0].find_argument("q")->required);
  EXPECT_FALSE(tool->prompts[0].find_argument("r")->required);
  EXPECT_EQ(tool->prompts[0].find_argument("s"), nullptr);
  for (const auto kind : {Kind::kResource, Kind::kPrompt, Kind::kCompletion}) {
    ASSERT_NE(tool->find_service(kind), nullptr);
    EXPECT_EQ(tool->find_service(kind)->tool, tool.get());
    EXPECT_EQ(tool->find_service(kind)->price, base::Money());
  }
}

TEST(ManifestOffers, AToolWithNeitherHasNoServices) {
  const auto tool = load("t", "");
  EXPECT_FALSE(tool->needs_code());
  EXPECT_EQ(load("t", R"("resources":[{"uri":"x://a","name":"a"}],)")->find_service(Kind::kPrompt), nullptr);
}

TEST(ManifestOffers, WhatAPluginAnswersIsHeldAgainstASchema) {
  const auto tool =
      load("t", R"("dynamic":["resources","prompts"],"resources":[{"uri_template":"x://{id}","name":"b"}],)");
  EXPECT_TRUE(tool->lists_resources && tool->lists_prompts);
  EXPECT_FALSE(tool->lists_templates || tool->lists_skills);
  for (const auto kind : {Kind::kPrompt, Kind::kCompletion, Kind::kListResources, Kind::kListPrompts}) {
    ASSERT_NE(tool->find_service(kind), nullptr);
    EXPECT_NE(tool->find_service(kind)->output_validator, nullptr) << tool->find_service(kind)->name;
  }
}

TEST(ManifestOffers, AnEmptyPrefixGivesThePromptItsBareName) {
  EXPECT_EQ(load("t", R"("prefix":"","prompts":[{"name":"ask"}],)")->prompts[0].flat_name, "ask");
}

TEST(ManifestOffers, NeedsCodeEvenIfEverySkillIsARequest) {
  const std::string_view skills = R"("providers":{"p":{"base_url":"https://p.example"}},"skills":[{"name":"s",
    "description":"d","input":{"type":"object"},"request":{"path":"/"}}]})";
  const auto text = [&](std::string_view more) {
    return fmt::format(R"({{"manifest":"1.0","owner":"o","name":"t","version":"1.0.0","description":"d",{}{})", more,
                       skills);
  };
  EXPECT_EQ((*load_manifest(text("")))->source, "declarative");
  EXPECT_EQ((*load_manifest(text(R"("prompts":[{"name":"ask"}],)")))->source, "native");
}

TEST(ManifestOffers, SaysWhichPlaceIsWrong) {
  EXPECT_THAT(refusal(R"("resources":[{"uri":"x://a","name":"a"},{"uri":"x://a","name":"b"}],)"),
              HasSubstr("/resources/1"));
  EXPECT_THAT(refusal(R"("resources":[{"uri_template":"x://{?q}","name":"a"}],)"), HasSubstr("level 2"));
  EXPECT_THAT(refusal(R"("resources":[{"uri_template":"{s}://a","name":"a"}],)"), HasSubstr("every other tool"));
  EXPECT_THAT(refusal(R"("resources":[{"name":"a"}],)"), HasSubstr("/resources/0"));
  EXPECT_THAT(refusal(R"("dynamic":["resources"],"resources":[{"uri":"x://a","name":"a"}],)"), HasSubstr("/dynamic"));
  EXPECT_THAT(refusal(R"("dynamic":["templates"],)"), HasSubstr("templates that the plugin lists"));
  EXPECT_THAT(refusal(R"("prompts":[{"name":"a"},{"name":"a"}],)"), HasSubstr("/prompts/1/name"));
  EXPECT_THAT(refusal(R"("prompts":[{"name":"a__b"}],)"), HasSubstr("underscores"));
  EXPECT_THAT(refusal(R"("prompts":[{"name":"a","arguments":[{"name":"q"},{"name":"q"}]}],)"),
              HasSubstr("/prompts/0/arguments/1"));
  EXPECT_THAT(refusal(R"("prompts":[{"name":"a","meta":{"io.modelcontextprotocol/x":1}}],)"),
              HasSubstr("not the tool's to set"));
  EXPECT_THAT(refusal(R"("resources":[{"uri":"x://a","name":"a","icons":[{"src":"javascript:1"}]}],)"),
              HasSubstr("/resources/0/icons/0/src"));
}

TEST(ManifestOffers, WhatIsGoneIsMissedByCallersOfTheVersionBefore) {
  const auto before =
      load("t", R"("resources":[{"uri":"x://a","name":"a"},{"uri":"x://b","name":"b"}],"prompts":[{"name":"p"}],)");
  const auto after = load("t", R"("resources":[{"uri":"x://b","name":"c"}],)");
  std::vector<std::string> gone;
  for (const auto& one : find_breaks(*before, *after)) gone.push_back(one.pointer);
  EXPECT_THAT(gone, ElementsAre("/resources/0", "/prompts/0"));
  EXPECT_THAT(find_breaks(*before, *before), IsEmpty());
}

TEST(CatalogueOffers, FindsTheUriItselfThenTheTemplateThatSaysMost) {
  const auto tools = catalogue({load("a", R"("resources":[{"uri":"x://f/1","name":"one"}],)"),
                                load("b", R"("resources":[{"uri_template":"x://{+any}","name":"any"}],)"),
                                load("c", R"("resources":[{"uri_template":"x://f/{id}","name":"f"}],)")});
  EXPECT_EQ(tools->find_resource("x://f/1")->name, "one");
  EXPECT_EQ(tools->find_resource("x://f/2")->name, "f");
  EXPECT_EQ(tools->find_resource("x://g/2")->name, "any");
  EXPECT_EQ(tools->find_resource("y://f/1"), nullptr);
  EXPECT_EQ(tools->find_template("x://f/{id}")->name, "f");
  EXPECT_EQ(tools->find_template("x://f/1"), nullptr);
}

TEST(CatalogueOffers, TemplatesThatAPluginListsAreKnownByTheManifests) {
  const std::string_view dynamic =
      R"("dynamic":["templates"],"resources":[{"uri_template":"x://{+any}","name":"any"}],)";
  const auto tools =
      catalogue({load("a", dynamic), load("b", R"("resources":[{"uri_template":"x://b/{id}","name":"b"}],)")});
  const auto owner = [&](std::string_view text) {
    const auto* family = tools->find_family(text);
    return family == nullptr ? "none" : family->tool->slug;
  };
  EXPECT_EQ(owner("x://{a}/{b}"), "a");
  EXPECT_EQ(owner("x://b/{id}/more"), "a") << "what b has is one segment";
  EXPECT_EQ(owner("x://b/c{id}"), "none") << "b says more of it, and lists none itself";
  EXPECT_EQ(owner("y://{a}"), "none");
  EXPECT_EQ(owner("x://a"), "none");
  EXPECT_EQ(owner("x://{a"), "none");
  EXPECT_EQ(owner("x://{a}" + std::string(2'000, 'a')), "none");
  EXPECT_EQ(find_family(*tools->all()[0], "x://{a}")->name, "any");
  EXPECT_EQ(find_family(*tools->all()[1], "x://b/c{id}"), nullptr);
}

TEST(CatalogueOffers, PromptsThatAPluginListsAreKnownByItsPrefix) {
  const std::string_view dynamic = R"("dynamic":["prompts"],)";
  const auto tools = catalogue({load("a", dynamic), load("a-b", R"("prefix":"a_b","dynamic":["prompts"],)"),
                                load("c", R"("prompts":[{"name":"p"}],)")});
  const auto lister = [&](std::string_view name) {
    const auto* tool = tools->find_prompt_lister(name);
    return tool == nullptr ? "none" : tool->slug;
  };
  EXPECT_EQ(lister("a_x"), "a");
  EXPECT_EQ(lister("a_b_x"), "a-b");
  EXPECT_EQ(lister("a"), "none");
  EXPECT_EQ(lister("a_"), "none");
  EXPECT_EQ(lister("c_x"), "none");
}

TEST(CatalogueOffers, RefusesANameThatTwoToolsHave) {
  const auto refused = [](std::string_view more) {
    const auto built = Catalogue::build({load("a", more), load("b", more)}, {}, 1);
    EXPECT_FALSE(built);
    return built ? "" : built.error().message();
  };
  for (const auto* more :
       {R"("resources":[{"uri":"x://a","name":"a"}],)", R"("resources":[{"uri_template":"x://{a}","name":"a"}],)",
        R"("prefix":"p","prompts":[{"name":"a"}],)", R"("prefix":"p","dynamic":["prompts"],)"}) {
    EXPECT_THAT(refused(more), HasSubstr("test/a@1.0.0"));
    EXPECT_THAT(refused(more), HasSubstr("test/b@1.0.0"));
  }
}

template <class T>
std::vector<std::string> listed(const base::Result<std::vector<const T*>>& entries, std::string T::*name) {
  EXPECT_TRUE(entries) << (entries ? "" : entries.error().message());
  std::vector<std::string> out;
  if (entries)
    for (const auto* one : *entries) out.push_back((*one).*name);
  return out;
}

class ExposureOffers : public ::testing::Test {
 protected:
  static constexpr std::string_view kFirst =
      R"("resources":[{"uri":"x://b","name":"b"},{"uri":"x://a","name":"a"},{"uri_template":"x://t/{id}","name":"t"}],
      "prompts":[{"name":"q"},{"name":"p"}],)";
  std::shared_ptr<const Catalogue> tools = catalogue(
      {load("one", kFirst), load("two", R"("resources":[{"uri":"y://a","name":"a"}],"prompts":[{"name":"p"}],)"),
       load("one", R"("resources":[{"uri":"x://new","name":"n"}],"prompts":[{"name":"p"}],)", "2.0.0-rc.1")});

  Exposure at(std::string_view query) { return *Exposure::parse(query); }
};

TEST_F(ExposureOffers, ListsThemWhereSkillsAreListed) {
  EXPECT_THAT(listed(at("").resources(*tools), &Resource::uri), IsEmpty());
  EXPECT_THAT(listed(at("").prompts(*tools), &Prompt::flat_name), IsEmpty());
  EXPECT_THAT(listed(at("expose=flat").resources(*tools), &Resource::uri), ElementsAre("x://a", "x://b", "y://a"));
  EXPECT_THAT(listed(at("expose=flat").templates(*tools), &Resource::uri), ElementsAre("x://t/{id}"));
  EXPECT_THAT(listed(at("expose=flat").prompts(*tools), &Prompt::flat_name), ElementsAre("one_p", "one_q", "two_p"));
  EXPECT_THAT(listed(at("expose=flat&tools=two").resources(*tools), &Resource::uri), ElementsAre("y://a"));
  EXPECT_THAT(listed(at("expose=flat&tools=one@2").resources(*tools), &Resource::uri), ElementsAre("x://new"));
  EXPECT_FALSE(at("expose=flat&tools=three").prompts(*tools));
}

TEST_F(ExposureOffers, LeadsToTheVersionThatItNames) {
  const auto find = [&](std::string_view query, Exposure::Offer offer, std::string_view name) {
    const auto tool = at(query).find_pinned(*tools, offer, name);
    return !tool ? std::string(tool.error().name()) : *tool == nullptr ? "usual" : (*tool)->version;
  };
  EXPECT_EQ(find("", Exposure::Offer::kPrompt, "one_p"), "usual");
  EXPECT_EQ(find("tools=one@2", Exposure::Offer::kPrompt, "one_p"), "2.0.0-rc.1");
  EXPECT_EQ(find("tools=one@2", Exposure::Offer::kPrompt, "two_p"), "usual");
  EXPECT_EQ(find("tools=one@2", Exposure::Offer::kPrompt, "one_q"), "prompt_not_found");
  EXPECT_EQ(find("tools=one@2", Exposure::Offer::kResource, "x://new"), "2.0.0-rc.1");
  EXPECT_EQ(find("tools=one@2", Exposure::Offer::kResource, "x://t/1"), "resource_not_found");
  EXPECT_EQ(find("tools=one@1", Exposure::Offer::kTemplate, "x://t/{id}"), "1.0.0");
  EXPECT_EQ(find("tools=one@3", Exposure::Offer::kPrompt, "one_p"), "version_not_found");
}

}  // namespace
}  // namespace toolrack::registry
