#include "registry/json_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(JsonText, RemovesWhiteSpaceBetweenTokensOnly) {
  EXPECT_EQ(compact("{ \"a b\" :\n [ 1.0 ,\t1e2, \"x \\\" y\\\\\" ] ,\r\n\"c\":{ } }"),
            R"({"a b":[1.0,1e2,"x \" y\\"],"c":{}})");
}

TEST(JsonText, FindsTheTextOfAMember) {
  const auto* object = R"({"a":{"x":"}"},"b":[1,[2]],"c":"\",","d":1.50,"e":null})";
  EXPECT_EQ(member_text(object, "a"), R"({"x":"}"})");
  EXPECT_EQ(member_text(object, "b"), "[1,[2]]");
  EXPECT_EQ(member_text(object, "c"), R"("\",")");
  EXPECT_EQ(member_text(object, "d"), "1.50");
  EXPECT_EQ(member_text(object, "e"), "null");
  EXPECT_EQ(member_text(object, "x"), "") << "only the object's own members";
  EXPECT_EQ(member_text(R"({"in\u0070ut":{"a":1.0}})", "input"), R"({"a":1.0})")
      << "a name is the same however written";
  EXPECT_EQ(member_text("{}", "a"), "");
}

TEST(JsonText, CutsAnArrayIntoItems) {
  EXPECT_THAT(item_texts(R"([1.0,{"a":[1,2]},"],",[],true])"),
              ElementsAre("1.0", R"({"a":[1,2]})", R"("],")", "[]", "true"));
  EXPECT_THAT(item_texts("[]"), IsEmpty());
}

}  // namespace
}  // namespace toolrack::registry
