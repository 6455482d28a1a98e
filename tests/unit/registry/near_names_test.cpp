#include "registry/near_names.hpp"

#include <gtest/gtest.h>

#include <array>

namespace toolrack::registry {
namespace {

TEST(NearNames, ForgivesTwoEditsInLongNamesAndOneInShort) {
  EXPECT_TRUE(is_near("analyse_page", "analyze_page"));
  EXPECT_TRUE(is_near("anlyze_pag", "analyze_page"));
  EXPECT_FALSE(is_near("nlyze_pg", "analyze_page"));
  EXPECT_TRUE(is_near("sea", "seo"));
  EXPECT_FALSE(is_near("map", "seo"));
}

TEST(NearNames, CompletesABeginning) {
  EXPECT_TRUE(is_near("an", "analyze_page"));
  EXPECT_FALSE(is_near("a", "analyze_page"));
}

TEST(NearNames, ListsTheNearestFirstAndAtMostThree) {
  const std::array<std::string_view, 6> names = {"ticker", "tickers", "tracker", "kicker", "ticket", "balance"};
  EXPECT_EQ(did_you_mean("tickr", names), R"( Did you mean "ticker", "kicker" or "tickers"?)");
  EXPECT_EQ(did_you_mean("balanc", names), R"( Did you mean "balance"?)");
  EXPECT_EQ(did_you_mean("weather", names), "");
}

TEST(NearNames, ComparesNothingAgainstHugeInput) { EXPECT_FALSE(is_near(std::string(1 << 20, 'a'), "analyze_page")); }

}  // namespace
}  // namespace toolrack::registry
