#include "registry/glob.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace toolrack::registry {
namespace {

/// What a glob means, in the plainest words; exponential, so for short texts.
bool means(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*')
    return means(pattern.substr(1), text) || (!text.empty() && means(pattern, text.substr(1)));
  return !text.empty() && text.front() == pattern.front() && means(pattern.substr(1), text.substr(1));
}

TEST(Glob, TakesAnAsteriskForAnyRunOfCharacters) {
  EXPECT_TRUE(matches_glob("keyword_*", "keyword_ideas"));
  EXPECT_TRUE(matches_glob("keyword_*", "keyword_"));
  EXPECT_TRUE(matches_glob("*_ideas", "keyword_ideas"));
  EXPECT_TRUE(matches_glob("k*w*s", "keyword_ideas"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_FALSE(matches_glob("keyword_*", "keyword"));
  EXPECT_FALSE(matches_glob("k*w*x", "keyword_ideas"));
  EXPECT_FALSE(matches_glob("", "a"));
}

TEST(Glob, TakesEverythingElseForItself) {
  EXPECT_FALSE(matches_glob("a.c", "abc"));
  EXPECT_FALSE(matches_glob("a?c", "abc"));
  EXPECT_FALSE(matches_glob("[a]", "a"));
  EXPECT_FALSE(matches_glob("abc", "ABC"));
}

TEST(Glob, AgreesWithWhatItMeans) {
  std::mt19937 random(20'26);  // Few letters, so that much nearly matches.
  const auto text = [&](std::string_view letters, std::size_t most) {
    std::string out(random() % (most + 1), ' ');
    for (auto& c : out) c = letters[random() % letters.size()];
    return out;
  };
  int matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto pattern = text("ab*", 7), subject = text("ab", 9);
    const bool expected = means(pattern, subject);
    matched += expected ? 1 : 0;
    ASSERT_EQ(matches_glob(pattern, subject), expected) << '"' << pattern << "\" and \"" << subject << '"';
  }
  EXPECT_GT(matched, 2'500);
}

/// With a way back to every asterisk this would take longer than the world will last.
TEST(Glob, TakesNoTimeForManyAsterisks) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(matches_glob(pattern + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace toolrack::registry
