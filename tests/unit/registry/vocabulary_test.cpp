#include "registry/vocabulary.hpp"

#include <gtest/gtest.h>

#include <string>

namespace toolrack::registry {
namespace {

class VocabularyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    words_.add("Check_sitemap of a web-page; keyword DENSITY, page, s\u00e9ance");
    words_.seal();
  }
  std::string correct(std::string_view typed) const { return words_.correct(typed).value_or("(as typed)"); }
  Vocabulary words_;
};

TEST_F(VocabularyTest, LeavesWordsThatAreUsedAlone) {
  for (const auto* typed : {"sitemap", "SITEMAP", "site", "keywords", "check page", ""})
    EXPECT_EQ(correct(typed), "(as typed)") << typed;
}

TEST_F(VocabularyTest, TakesTheNearestWordAndKeepsWhatStandsAround) {
  EXPECT_EQ(correct("sitmap"), "sitemap");
  EXPECT_EQ(correct("my  sitmap, Keywrod!"), "my  sitemap, keyword!");
}

TEST_F(VocabularyTest, AllowsShortWordsLess) {
  EXPECT_EQ(correct("pgae"), "(as typed)") << "two edits in four letters";
  EXPECT_EQ(correct("pagw"), "page");
  EXPECT_EQ(correct("wxb"), "(as typed)") << "three letters are too few to guess";
}

TEST_F(VocabularyTest, DoesNotGuessAtTheFirstLetter) { EXPECT_EQ(correct("xitemap"), "(as typed)"); }

TEST_F(VocabularyTest, LeavesWordsBeyondAsciiAlone) { EXPECT_EQ(correct("s\u00e9anse"), "(as typed)"); }

TEST_F(VocabularyTest, StopsAfterSomeCorrections) {
  std::string typed, wanted;
  for (int i = 0; i < 10; ++i) {
    typed += "sitmap ";
    wanted += i < 8 ? "sitemap " : "sitmap ";
  }
  EXPECT_EQ(correct(typed), wanted);
  EXPECT_EQ(correct(std::string(100'000, 'k')), "(as typed)") << "longer than any name";
}

}  // namespace
}  // namespace toolrack::registry
