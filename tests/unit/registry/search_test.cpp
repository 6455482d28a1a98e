#include "registry/search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SearchIndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    add({.slug = "seo",
         .skills = {"analyze_page", "check_sitemap", "keyword_density"},
         .categories = {"marketing"},
         .description = "Audits web pages for search engines."});
    add({.slug = "voice", .skills = {"speak"}, .categories = {"media"}, .description = "Reads text aloud."});
    add({.slug = "pages", .skills = {"publish"}, .categories = {"marketing"}, .description = "Publishes a web site."});
    auto index = SearchIndex::create(pointers_);
    ASSERT_TRUE(index) << index.error().message();
    index_ = std::move(*index);
  }
  void add(const FakeTool& fake) {
    tools_.push_back(fake.make());
    pointers_.push_back(tools_.back().get());
  }
  std::vector<std::string> slugs(const SearchQuery& query) const {
    std::vector<std::string> out;
    for (const auto& hit : index_->search(query)) out.push_back(hit.tool->slug);
    return out;
  }
  std::vector<std::shared_ptr<Tool>> tools_;
  std::vector<const Tool*> pointers_;
  std::unique_ptr<SearchIndex> index_;
};

TEST_F(SearchIndexTest, ListsEverythingForAStarOrNothing) {
  for (const auto* text : {"*", "", "  "})
    EXPECT_THAT(slugs({.text = text}), ElementsAre("seo", "voice", "pages")) << text;
  EXPECT_THAT(slugs({.text = "*", .limit = 2}), ElementsAre("seo", "voice"));
}

TEST_F(SearchIndexTest, PutsAToolOfThatNameFirst) {
  EXPECT_THAT(slugs({.text = "pages"}), ElementsAre("pages", "seo"));
}

TEST_F(SearchIndexTest, WantsAllWordsWhereverTheyStand) {
  EXPECT_THAT(slugs({.text = "seo sitemap"}), ElementsAre("seo"));
  EXPECT_THAT(slugs({.text = "search keyw"}), ElementsAre("seo")) << "beginnings count";
}

TEST_F(SearchIndexTest, FallsBackToAnyWordForASentence) {
  EXPECT_THAT(slugs({.text = "please speak this sentence"}), ElementsAre("voice"));
  EXPECT_THAT(slugs({.text = "submarine"}), IsEmpty());
}

TEST_F(SearchIndexTest, NamesTheSkillsThatMatched) {
  const auto hits = index_->search({.text = "seo sitemap"});
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_GT(hits[0].score, 0);
  ASSERT_EQ(hits[0].skills.size(), 1u);
  EXPECT_EQ(hits[0].skills[0]->name, "check_sitemap");
  EXPECT_THAT(index_->search({.text = "seo"})[0].skills, IsEmpty()) << "the tool's name is no skill's word";
}

TEST_F(SearchIndexTest, ReadsAMistypedWordAsTheOneThatWasMeant) {
  EXPECT_THAT(slugs({.text = "sitmap"}), ElementsAre("seo"));
  EXPECT_THAT(slugs({.text = "serach enginse"}), ElementsAre("seo")) << "both words are wanted, as if typed well";
  const auto hits = index_->search({.text = "keywrod densty"});
  ASSERT_EQ(hits.size(), 1u);
  ASSERT_EQ(hits[0].skills.size(), 1u);
  EXPECT_EQ(hits[0].skills[0]->name, "keyword_density");
  EXPECT_THAT(slugs({.text = "submarine"}), IsEmpty()) << "what nobody meant is not bent into something";
}

TEST_F(SearchIndexTest, FindsASkillByWhatItTakes) {
  tools_.push_back(FakeTool{.slug = "mill", .skills = {"grind"}}.make());
  tools_.back()->skills[0].input_schema =
      R"({"type":"object","properties":{"coarseness":{"description":"How fine the flour is.","enum":["espresso"]}}})";
  pointers_.push_back(tools_.back().get());
  const auto index = SearchIndex::create(pointers_);
  ASSERT_TRUE(index);
  for (const auto* text : {"coarseness", "flour", "espresso", "coarsness"}) {
    const auto hits = (*index)->search({.text = text});
    ASSERT_EQ(hits.size(), 1u) << text;
    ASSERT_EQ(hits[0].skills.size(), 1u) << text;
    EXPECT_EQ(hits[0].skills[0]->name, "grind") << text;
  }
}

TEST_F(SearchIndexTest, NarrowsToACategoryBeforeTheLimit) {
  EXPECT_THAT(slugs({.text = "web", .category = "marketing"}), UnorderedElementsAre("seo", "pages"));
  EXPECT_THAT(slugs({.text = "*", .category = "media", .limit = 1}), ElementsAre("voice"));
  EXPECT_THAT(slugs({.text = "web", .category = "media"}), IsEmpty());
}

TEST_F(SearchIndexTest, FindsNothingInBrokenUtf8) { EXPECT_THAT(slugs({.text = "seo\xff"}), IsEmpty()); }

}  // namespace
}  // namespace toolrack::registry
