#include "analysis/words.hpp"

#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

std::string split(std::string_view text) {
  std::string out;
  split_words(
      text, [&](std::string_view word) { out += "[" + std::string(word) + "]"; }, [&] { out += "|"; });
  return out;
}

TEST(Words, AreLettersDigitsAndWhatStandsInside) {
  EXPECT_EQ(split("It's well-known: v2.0"), "[It's][well-known]|[v2]|[0]");
  EXPECT_EQ(split("don\u2019t -- stop - it"), "[don\u2019t][stop][it]");
  EXPECT_EQ(split("a\nb"), "[a]|[b]");
  EXPECT_EQ(split("Gr\u00F6\u00DFe \u00E9t\u00E9 e\u0301t"), "[Gr\u00F6\u00DFe][\u00E9t\u00E9][e\u0301t]");
  EXPECT_EQ(split("ein\u00ADfach"), "[ein\u00ADfach]");
  EXPECT_EQ(split(" 'quoted' "), "[quoted]");
  EXPECT_EQ(split("***"), "|||");
}

TEST(Words, OfUnspacedScriptsAreCharacters) {
  EXPECT_EQ(split("日本語、です"), "[日][本][語]|[で][す]");
  EXPECT_EQ(count_words("SEO対策 2024年"), 5U);
  EXPECT_EQ(count_words("한국어 문장"), 2U);
  EXPECT_EQ(count_words("ไทย"), 3U);
  EXPECT_EQ(count_words("Привет, мир"), 2U);
  EXPECT_EQ(count_words("👍🏽 🇩🇪"), 0U);
}

TEST(Words, FoldCaseInEveryScript) {
  EXPECT_EQ(fold_case("ÜBER Привет ΑΒΓ Ñ It’s"), "über привет αβγ ñ it's");
  EXPECT_EQ(fold_case("日本"), "日本");
}

}  // namespace
}  // namespace toolrack::seo
