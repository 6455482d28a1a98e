/// What a key's tool set leaves of a catalogue.
#include "registry/narrowing.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "registry/versions.hpp"
#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

using Tools = std::vector<std::shared_ptr<const Tool>>;

ToolSetRef set_of(std::string_view patterns, std::string_view renames = "[]", const ToolSetRef& within = nullptr) {
  const auto both = base::json::parse(fmt::format(R"({{"tools":{},"rename":{}}})", patterns, renames));
  auto set = ToolSet::create(base::json::find(*both, "tools"), base::json::find(*both, "rename"), within);
  EXPECT_TRUE(set) << set.error().message();
  return set.value_or(nullptr);
}

std::shared_ptr<const Catalogue> build(Tools tools, const VersionPolicies& policies = {}) {
  auto built = Catalogue::build(std::move(tools), {"toolrack"}, 7, policies);
  EXPECT_TRUE(built) << built.error().message();
  return built.value_or(nullptr);
}

class NarrowingTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Catalogue> whole_ = build(
      {FakeTool{.skills = {"audit", "keyword_ideas", "keyword_volume"}, .aliases = {"ranking"}, .description = "zebra"}
           .make(),
       FakeTool{.owner = "acme", .skills = {"audit"}, .prefix = "acme_seo"}.make(),
       FakeTool{.owner = "acme", .slug = "maps", .skills = {"route"}}.make(),
       FakeTool{.slug = "mail", .skills = {"send"}, .description = "giraffe"}.make()});

  static std::vector<std::string> flat(const Catalogue& catalogue) {
    std::vector<std::string> out;
    for (const auto* skill : catalogue.flat()) out.push_back(skill->flat_name);
    return out;
  }
  std::vector<std::string> left_by(std::string_view patterns) {
    return flat(*Catalogue::narrow(whole_, *set_of(patterns)));
  }
};

TEST_F(NarrowingTest, LeavesWhatPatternsName) {
  EXPECT_THAT(left_by(R"(["seo.keyword_*"])"), ElementsAre("seo_keyword_ideas", "seo_keyword_volume"));
  EXPECT_THAT(left_by(R"(["acme/*"])"), ElementsAre("acme_seo_audit", "maps_route"));
  EXPECT_THAT(left_by(R"(["*/seo.audit"])"), ElementsAre("acme_seo_audit", "seo_audit"));
  EXPECT_THAT(left_by(R"(["*.send","maps"])"), ElementsAre("mail_send", "maps_route"));
  EXPECT_THAT(left_by(R"(["ranking.audit"])"), ElementsAre("seo_audit")) << "an alias";
  EXPECT_THAT(left_by(R"(["nobody"])"), IsEmpty());
}

TEST_F(NarrowingTest, TakesANameWithoutOwnerForTheToolThatItLeadsTo) {
  EXPECT_THAT(left_by(R"(["seo.audit"])"), ElementsAre("seo_audit")) << "acme/seo has another owner";
  EXPECT_THAT(left_by(R"(["se*.audit"])"), ElementsAre("seo_audit"));
  EXPECT_THAT(left_by(R"(["*"])"), ElementsAre("acme_seo_audit", "mail_send", "maps_route", "seo_audit",
                                               "seo_keyword_ideas", "seo_keyword_volume"));
}

TEST_F(NarrowingTest, TakesBackWhatIsExcludedWhereverThatStands) {
  EXPECT_THAT(left_by(R"(["!seo.keyword_*","seo"])"), ElementsAre("seo_audit"));
  EXPECT_THAT(left_by(R"(["seo","!seo.keyword_*"])"), ElementsAre("seo_audit"));
  EXPECT_THAT(left_by(R"(["!acme/*","!mail"])"), ElementsAre("seo_audit", "seo_keyword_ideas", "seo_keyword_volume"))
      << "only exclusions: all else";
  EXPECT_THAT(left_by(R"(["seo","!*"])"), IsEmpty());
}

TEST_F(NarrowingTest, LeavesNoMoreThanTheMakersSet) {
  const auto maker = set_of(R"(["seo"])");
  const auto wider = Catalogue::narrow(whole_, *set_of(R"(["*"])", "[]", maker));
  EXPECT_THAT(flat(*wider), ElementsAre("seo_audit", "seo_keyword_ideas", "seo_keyword_volume"));
  const auto other = Catalogue::narrow(whole_, *set_of(R"(["mail","seo.audit"])", "[]", maker));
  EXPECT_THAT(flat(*other), ElementsAre("seo_audit"));
}

/// For each way to ask there is one answer for what is hidden and for what never was, but for the name in it.
TEST_F(NarrowingTest, KnowsNothingOfWhatIsLeftOut) {
  const auto narrowed = Catalogue::narrow(whole_, *set_of(R"(["seo.keyword_*"])"));
  EXPECT_EQ(narrowed->find_flat("mail_send"), nullptr);
  EXPECT_EQ(narrowed->find_flat("seo_audit"), nullptr);
  const auto answer = [&](const Catalogue& catalogue, std::string_view name) {
    const auto found = catalogue.find_tool(name);
    return found ? "found " + (*found)->id() : std::string(found.error().name()) + ": " + found.error().message();
  };
  const auto without = build({FakeTool{.skills = {"keyword_ideas", "keyword_volume"}, .aliases = {"ranking"}}.make()});
  for (const auto* name :
       {"mail", "toolrack/mail", "mail@1", "mail@9", "maps", "acme/seo", "acme/maps@1", "mial", "mai"})
    EXPECT_EQ(answer(*narrowed, name), answer(*without, name)) << name;
  const auto* seo = *narrowed->find_tool("seo");
  const auto skill = narrowed->find_skill(*seo, "audi");
  ASSERT_FALSE(skill);
  EXPECT_THAT(skill.error().message(), Not(HasSubstr("audit")));
  EXPECT_THAT(narrowed->search({.text = "giraffe"}), IsEmpty());
  EXPECT_EQ(narrowed->search({.text = "zebra"}).size(), 1u);
  EXPECT_EQ(narrowed->search({.text = "*"}).size(), 1u);
}

TEST_F(NarrowingTest, RenamesASkillInEveryVersionAndOnlyItsFlatName) {
  const auto whole = build({FakeTool{.version = "1.0.0", .skills = {"audit"}}.make(),
                            FakeTool{.version = "2.0.0", .skills = {"audit"}}.make()});
  const auto narrowed = Catalogue::narrow(
      whole, *set_of("[]", R"([{"skill":"seo.audit","name":"check_page","title":"Check","description":"Looks."}])"));
  const auto* skill = narrowed->find_flat("check_page");
  ASSERT_NE(skill, nullptr);
  EXPECT_EQ(skill->name, "audit");
  EXPECT_EQ(skill->title, "Check");
  EXPECT_EQ(skill->description, "Looks.");
  EXPECT_EQ(skill->tool->version, "2.0.0");
  EXPECT_EQ(narrowed->find_flat("seo_audit"), nullptr) << "the name is another one now";
  EXPECT_EQ((*narrowed->find_tool("seo@1"))->skills.front().flat_name, "check_page");
  EXPECT_EQ(whole->find_flat("seo_audit")->title, "audit") << "others see what they saw";
}

TEST_F(NarrowingTest, LetsTheKeysOwnWordsStandBeforeItsMakers) {
  const auto maker = set_of("[]", R"([{"skill":"mail.send","name":"post","title":"Maker's"}])");
  const auto narrowed =
      Catalogue::narrow(whole_, *set_of(R"(["mail"])", R"([{"skill":"mail.send","name":"write"}])", maker));
  ASSERT_THAT(flat(*narrowed), ElementsAre("write"));
  EXPECT_EQ(narrowed->flat().front()->title, "Maker's");
}

/// Or a plugin that is dropped in tomorrow could answer in the name of a tool that a key's owner trusts.
TEST_F(NarrowingTest, KeepsAGivenNameForWhomItWasGivenTo) {
  const auto set = set_of("[]", R"([{"skill":"seo.audit","name":"maps_route"}])");
  const auto narrowed = Catalogue::narrow(whole_, *set);
  EXPECT_EQ(narrowed->find_flat("maps_route")->tool->slug, "seo");
  EXPECT_FALSE(narrowed->find_tool("maps"));
  EXPECT_THAT(
      narrow(*whole_, *set).clashes,
      ElementsAre(R"(toolrack/seo.audit is renamed to "maps_route", which acme/maps.route has as its name too)"));
  EXPECT_THAT(narrow(*whole_, *set_of(R"(["!maps"])", R"([{"skill":"seo.audit","name":"maps_route"}])")).clashes,
              IsEmpty());
}

TEST_F(NarrowingTest, TellsWhatLeadsToNothing) {
  const auto narrowing = narrow(
      *whole_, *set_of(R"(["seo","nobody","seo.nothing","!maps.walk"])", R"([{"skill":"mail.fetch","name":"get"}])"));
  EXPECT_THAT(narrowing.unmatched, ElementsAre("nobody", "seo.nothing", "!maps.walk", "mail.fetch"));
}

/// Or a key could ask for names and learn from the answer which of them there are.
TEST_F(NarrowingTest, TellsNothingOfWhatTheMakersSetLeavesOut) {
  const auto maker = set_of(R"(["seo.audit"])");
  const auto narrowing =
      narrow(*whole_, *set_of(R"(["mail","nobody","seo.keyword_*","seo.nothing","!maps","seo"])",
                              R"([{"skill":"mail.send","name":"a"},{"skill":"mail.none","name":"b"}])", maker));
  EXPECT_THAT(narrowing.unmatched,
              ElementsAre("mail", "nobody", "seo.keyword_*", "seo.nothing", "!maps", "mail.send", "mail.none"));
}

TEST_F(NarrowingTest, ChoosesAmongTheVersionsThatAreLeft) {
  const auto whole = build(
      {FakeTool{.version = "1.4.0"}.make(), FakeTool{.version = "1.5.0"}.make(), FakeTool{.version = "2.0.0"}.make()});
  const auto narrowed = Catalogue::narrow(whole, *set_of(R"(["seo@1"])"));
  EXPECT_EQ(narrowed->find_flat("seo_run")->tool->version, "1.5.0");
  EXPECT_FALSE(narrowed->find_tool("seo@2"));
  EXPECT_THAT(narrowed->find_tool("seo@2").error().message(), Not(HasSubstr("2.0.0")));
  EXPECT_EQ(narrowed->all().size(), 2u);
}

TEST_F(NarrowingTest, SharesToolsThatAreWholeAndTellsWhatOthersCameFrom) {
  const auto narrowed = Catalogue::narrow(whole_, *set_of(R"(["mail","seo.audit"])"));
  const auto* mail = *narrowed->find_tool("mail");
  EXPECT_EQ(mail, *whole_->find_tool("mail"));
  const auto* seo = *narrowed->find_tool("seo");
  EXPECT_NE(seo, *whole_->find_tool("seo"));
  EXPECT_EQ(seo->skills.front().tool, seo);
  EXPECT_EQ(original_of(*narrowed, *seo).get(), *whole_->find_tool("seo"));
  EXPECT_EQ(original_of(*narrowed, *mail).get(), mail);
  EXPECT_EQ(narrowed->generation(), whole_->generation());
  EXPECT_EQ(narrowed->whole(), whole_.get());
  EXPECT_EQ(narrowed->set_digest().size(), 32u);
  EXPECT_THAT(whole_->set_digest(), IsEmpty());
}

TEST_F(NarrowingTest, CountsCallsWhereTheWholeCatalogueDoes) {
  const auto tool = FakeTool{.skills = {"audit", "other"}}.make();
  const auto tally = std::make_shared<OutcomeTally>(1);
  const auto whole = *Catalogue::build({tool}, {}, 1, {}, {{tool.get(), tally}});
  const auto narrowed = Catalogue::narrow(whole, *set_of(R"(["seo.audit"])"));
  EXPECT_EQ(narrowed->tally_of(**narrowed->find_tool("seo")), tally.get());
}

TEST_F(NarrowingTest, GivesWhatBelongsToAToolWithTheWholeToolOnly) {
  auto tool = FakeTool{.skills = {"audit", "other"}}.make();
  tool->resources.push_back({.tool = tool.get(), .uri = "seo://page", .name = "page"});
  tool->prompts.push_back({.tool = tool.get(), .name = "review", .flat_name = "seo_review"});
  tool->knowledge.push_back({.id = "doc", .title = "", .text = "words"});
  tool->lists_prompts = true;
  const auto whole = build({tool});
  const auto has_all = [&](std::string_view patterns) {
    const auto narrowed = Catalogue::narrow(whole, *set_of(patterns));
    const auto* seo = *narrowed->find_tool("seo");
    const bool has = narrowed->find_resource("seo://page") != nullptr;
    EXPECT_EQ(narrowed->find_prompt("seo_review") != nullptr, has);
    EXPECT_EQ(narrowed->find_prompt_lister("seo_any") != nullptr, has);
    EXPECT_EQ(!seo->knowledge.empty(), has);
    if (has) EXPECT_EQ(narrowed->find_prompt("seo_review")->tool, seo);
    return has;
  };
  EXPECT_TRUE(has_all(R"(["seo"])"));
  EXPECT_TRUE(has_all(R"(["seo.*"])"));
  EXPECT_TRUE(has_all(R"(["seo","!seo.other"])"));
  EXPECT_FALSE(has_all(R"(["seo.audit"])"));
  EXPECT_FALSE(has_all(R"(["seo.audit","seo.other"])"));
}

TEST_F(NarrowingTest, SaysThatAToolIsDisabledToThoseOnlyWhoHaveIt) {
  VersionPolicies policies;
  policies["toolrack/mail"].is_disabled = true;
  const auto whole = build({FakeTool{.slug = "mail"}.make(), FakeTool{}.make()}, policies);
  const auto message = [&](std::string_view patterns) {
    return Catalogue::narrow(whole, *set_of(patterns))->find_tool("mail").error().message();
  };
  EXPECT_THAT(message(R"(["mail","seo"])"), HasSubstr("is disabled"));
  EXPECT_EQ(message(R"(["seo"])"), R"(there is no tool "mail".)");
}

}  // namespace
}  // namespace toolrack::registry
