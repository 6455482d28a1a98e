#include "analysis/json_ld.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(JsonLd, ListsTheTypesOfGraphsAndLists) {
  EXPECT_THAT(read_json_ld(R"({"@context":"https://schema.org","@graph":[{"@type":"A"},{"@type":["B","C"]}]})").types,
              ElementsAre("A", "B", "C"));
  EXPECT_THAT(read_json_ld(R"([{"@type":"A"},{"@type":"B"}])").types, ElementsAre("A", "B"));
}

TEST(JsonLd, CountsObjectsWithoutTypeButNotReferences) {
  EXPECT_EQ(read_json_ld(R"({"@graph":[{"@id":"#a"},{"name":"x"},{"@type":"A"}]})").untyped, 1U);
}

TEST(JsonLd, SaysWhereItIsBroken) {
  EXPECT_THAT(read_json_ld("{\n  \"a\": 1,\n}").error, HasSubstr("line 3, column 1"));
  EXPECT_THAT(read_json_ld("{\"a\":").error, HasSubstr("the end"));
  EXPECT_THAT(read_json_ld("\"text\"").error, HasSubstr("neither an object nor a list"));
  EXPECT_THAT(read_json_ld("[1]").error, HasSubstr("no object"));
}

TEST(JsonLd, SurvivesDeepNesting) {
  const std::string deep = std::string(1 << 20, '[');
  EXPECT_FALSE(read_json_ld(deep).is_valid);
  EXPECT_FALSE(read_json_ld(deep + std::string(1 << 20, ']')).is_valid);
}

}  // namespace
}  // namespace toolrack::seo
