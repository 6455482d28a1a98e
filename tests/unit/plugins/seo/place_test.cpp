#include <gtest/gtest.h>

#include <set>
#include <string>

#include "search/countries.hpp"
#include "search/target.hpp"

namespace toolrack::seo {
namespace {

TEST(Countries, HaveTheNumbersOfIso3166) {
  EXPECT_EQ(country_number("US"), 840);
  EXPECT_EQ(country_number("DE"), 276);
  EXPECT_EQ(country_number("AF"), 4);
  EXPECT_EQ(country_number("ZW"), 716);
  EXPECT_EQ(country_number("UK"), country_number("GB"));
  for (const char* const none : {"ZZ", "us", "", "D", "DEU", " A"}) EXPECT_FALSE(country_number(none)) << none;
}

TEST(Countries, AreThereEachOnce) {
  std::set<int> numbers;
  std::size_t count = 0;
  for (char first = 'A'; first <= 'Z'; ++first) {
    for (char second = 'A'; second <= 'Z'; ++second) {
      const std::string letters{first, second};
      const auto number = country_number(letters);
      if (!number || letters == "UK") continue;
      ++count;
      EXPECT_TRUE(numbers.insert(*number).second) << letters;
      EXPECT_GT(*number, 0) << letters;
    }
  }
  EXPECT_EQ(count, 249u);
}

struct TargetRow {
  const char* target;
  const char* url;
  bool is_it;
};

TEST(Target, IsASiteWithAllBelowItOrOnePage) {
  constexpr TargetRow kRows[] = {
      {"example.com", "https://example.com/", true},
      {"example.com", "http://www.example.com/a?b", true},
      {"EXAMPLE.com", "https://shop.example.com/", true},
      {"www.example.com", "https://example.com/", true},
      {"example.com/", "https://example.com/deep", true},
      {"example.com", "https://notexample.com/", false},
      {"example.com", "https://example.com.evil.example/", false},
      {"shop.example.com", "https://example.com/", false},
      {"münchen.example", "https://xn--mnchen-3ya.example/", true},
      {"https://example.com/", "https://www.example.com", true},
      {"https://example.com/", "https://example.com/deep", false},
      {"https://example.com/a", "http://example.com/a/#top", true},
      {"example.com/a", "https://example.com/a", true},
      {"example.com/a", "https://shop.example.com/a", false},
      {"example.com/a", "https://example.com/A", false},
      {"example.com/a?x=1", "https://example.com/a?x=1", true},
      {"example.com/a?x=1", "https://example.com/a?x=2", false},
      {"example.com", "not a url", false},
      {"example.com", "", false},
  };
  for (const TargetRow& row : kRows) {
    const auto target = Target::of(row.target);
    ASSERT_TRUE(target) << row.target;
    EXPECT_EQ(target->is(row.url), row.is_it) << row.target << " " << row.url;
  }
}

TEST(Target, IsNeitherAWordNorAnotherScheme) {
  for (const char* const text : {"", "shoes", "ftp://example.com/", "https://", "mailto:a@example.com"})
    EXPECT_FALSE(Target::of(text)) << text;
}

}  // namespace
}  // namespace toolrack::seo
