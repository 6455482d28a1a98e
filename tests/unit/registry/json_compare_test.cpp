#include "registry/json_compare.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace toolrack::registry {
namespace {

namespace json = base::json;
using schema::Work;

bool is_equal(std::string_view a, std::string_view b) {
  const auto x = *json::parse(a), y = *json::parse(b);
  Work work;
  const bool equal = registry::is_equal(x, y, work);
  EXPECT_EQ(equal, hash(x, work) == hash(y, work)) << a << " and " << b;
  return equal;
}

TEST(JsonCompare, TakesNumbersByTheirValue) {
  EXPECT_TRUE(is_equal("1", "1.0"));
  EXPECT_TRUE(is_equal("0", "-0.0"));
  EXPECT_TRUE(is_equal("1e3", "1000"));
  EXPECT_TRUE(is_equal("18446744073709551615", "18446744073709551615"));
  EXPECT_FALSE(is_equal("9007199254740993", "9007199254740992.0")) << "as doubles they would be alike";
  EXPECT_FALSE(is_equal("-1", "18446744073709551615"));
  EXPECT_FALSE(is_equal("1", "\"1\""));
  EXPECT_FALSE(is_equal("0", "false"));
}

TEST(JsonCompare, TakesObjectsWhateverTheirOrder) {
  EXPECT_TRUE(is_equal(R"({"a":1,"b":{"c":[1,2]}})", R"({"b":{"c":[1.0,2]},"a":1})"));
  EXPECT_FALSE(is_equal(R"({"a":1,"b":2})", R"({"a":2,"b":1})"));
  EXPECT_FALSE(is_equal(R"({"a":1})", R"({"a":1,"b":2})"));
  EXPECT_FALSE(is_equal("[1,2]", "[2,1]"));
  EXPECT_FALSE(is_equal("[[1],2]", "[[1,2]]"));
  EXPECT_FALSE(is_equal("[]", "{}"));
}

TEST(JsonCompare, TellsLongStringsApart) {
  const std::string text(100, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto other = text;
    other[i] = 'y';
    EXPECT_FALSE(is_equal(json::quote(text), json::quote(other))) << i;
  }
}

TEST(JsonCompare, NamesTheTwins) {
  Work work;
  const auto twins = find_equal_items(*json::parse(R"([1,{"a":[]},2,{"a":[]},3])"), work);
  ASSERT_TRUE(twins);
  EXPECT_EQ(twins->first, 1U);
  EXPECT_EQ(twins->second, 3U);
  EXPECT_FALSE(find_equal_items(*json::parse(R"([1,true,"1",null,[1],{"1":1},0,false])"), work));
}

TEST(JsonCompare, GivesUpBelow64Levels) {
  const auto nested = [](int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
  };
  for (const auto& [levels, is_spent] : {std::pair(60, false), std::pair(80, true)}) {
    const auto value = *json::parse(nested(levels), {.max_depth = 100});
    Work work;
    hash(value, work);
    EXPECT_EQ(work.is_spent(), is_spent) << levels;
    Work other;
    EXPECT_EQ(registry::is_equal(value, value, other), !is_spent) << levels;
  }
}

TEST(JsonCompare, KnowsMultiplesOfFractions) {
  const auto is_multiple_of = [](const char* number, const char* divisor) {
    return is_multiple(*json::parse(number), *json::parse(divisor));
  };
  EXPECT_TRUE(is_multiple_of("19.99", "0.01"));
  EXPECT_FALSE(is_multiple_of("19.995", "0.01"));
  EXPECT_TRUE(is_multiple_of("12391239123", "1e-8"));
  EXPECT_FALSE(is_multiple_of("1e308", "0.123456789"));
  EXPECT_TRUE(is_multiple_of("4.5", "1.5"));
  EXPECT_FALSE(is_multiple_of("35", "1.5"));
}

}  // namespace
}  // namespace toolrack::registry
