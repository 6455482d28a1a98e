#include "analysis/keywords.hpp"

#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

KeywordSource text(std::string content) {
  KeywordSource source;
  source.text = std::move(content);
  return source;
}

TEST(Keywords, CountPhrasesWithoutStopWordsAtTheirEnds) {
  const KeywordReport report = count_keywords(
      text("The coffee beans of the house. We roast coffee beans and the coffee is good. Coffee beans, beans!"), {}, 5);
  EXPECT_EQ(report.language, "en");
  EXPECT_EQ(report.total_words, 18U);
  ASSERT_GE(report.by_length[0].size(), 2U);
  EXPECT_EQ(report.by_length[0][0].phrase, "coffee");
  EXPECT_EQ(report.by_length[0][0].count, 4U);
  EXPECT_DOUBLE_EQ(report.by_length[0][0].density, 22.22);
  ASSERT_EQ(report.by_length[1].size(), 1U);
  EXPECT_EQ(report.by_length[1][0].phrase, "coffee beans");
  EXPECT_EQ(report.by_length[1][0].count, 3U);
  EXPECT_TRUE(report.by_length[2].empty());
}

TEST(Keywords, DoNotReachAcrossSentences) {
  const KeywordReport report = count_keywords(text("red. apple red. apple red, apple"), {"red apple", "apple red"}, 5);
  EXPECT_EQ(report.phrases[0].count, 0U);
  EXPECT_EQ(report.phrases[1].count, 2U);
}

TEST(Keywords, KnowWhereElseTheyStand) {
  KeywordSource source = text("Möbel nach Maß. Möbel nach Maß aus der Werkstatt, und die Möbel sind aus Eiche.");
  source.language = "de";
  source.title = "MÖBEL nach Maß";
  source.h1 = "Eiche";
  source.description = "aus der Werkstatt";
  source.url = " moebel möbel ";
  const KeywordReport report = count_keywords(source, {"Möbel nach Maß", "Werkstatt", "Eiche", "nothing here", "!"}, 3);
  EXPECT_EQ(report.by_length[0][0].phrase, "möbel");
  EXPECT_TRUE(report.by_length[0][0].is_in_title);
  EXPECT_TRUE(report.by_length[0][0].is_in_url);
  EXPECT_FALSE(report.by_length[0][0].is_in_h1);
  EXPECT_EQ(report.by_length[2][0].phrase, "möbel nach maß");
  EXPECT_EQ(report.phrases[0].count, 2U);
  EXPECT_EQ(report.phrases[0].phrase, "Möbel nach Maß");
  EXPECT_TRUE(report.phrases[1].is_in_description);
  EXPECT_TRUE(report.phrases[2].is_in_h1);
  EXPECT_EQ(report.phrases[3].count, 0U);
  EXPECT_EQ(report.phrases[4].count, 0U);
}

TEST(Keywords, JoinCharactersOfUnspacedScripts) {
  const KeywordReport report = count_keywords(text("和菓子の店。和菓子を作る。"), {"和菓子"}, 5);
  EXPECT_EQ(report.phrases[0].count, 2U);
  EXPECT_EQ(report.by_length[2][0].phrase, "和菓子");
}

TEST(Keywords, GuessTheLanguageFromStopWords) {
  EXPECT_EQ(
      count_keywords(text("la maison est dans le village et les chambres sont au bord de la rivière"), {}, 1).language,
      "fr");
  EXPECT_EQ(
      count_keywords(text("el pan de la casa es el mejor pan del pueblo y no lo hay en otra tienda"), {}, 1).language,
      "es");
  EXPECT_EQ(count_keywords(text("лучший хлеб в городе"), {}, 1).language, "");
}

TEST(Keywords, HandleNothingAndVeryMuch) {
  EXPECT_EQ(count_keywords(text(""), {"x"}, 5).phrases[0].density, 0);
  std::string many;
  for (int i = 0; i < 300'000; ++i) many += "word" + std::to_string(i % 50'000) + " ";
  const KeywordReport report = count_keywords(text(many), {}, 5);
  EXPECT_EQ(report.unique_words, 50'000U);
  EXPECT_EQ(report.by_length[2][0].count, 6U);
}

}  // namespace
}  // namespace toolrack::seo
