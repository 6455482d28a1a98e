#include "cli/typed_value.hpp"

#include <gtest/gtest.h>

namespace toolrack::cli {
namespace {

namespace json = base::json;

/// The value as JSON text, or the error's message.
std::string typed(const std::vector<std::string>& words, std::string_view schema) {
  const auto property = *json::parse(schema);
  json::Document document;
  const auto value = typed_value("x", words, property, document);
  return value ? json::dump(*value) : value.error().message();
}

TEST(TypedValue, ReadsAWordAsTheSchemaWantsIt) {
  EXPECT_EQ(typed({"5"}, R"({"type":"integer"})"), "5");
  EXPECT_EQ(typed({"5"}, R"({"type":"string"})"), R"("5")");
  EXPECT_EQ(typed({"-2.5"}, R"({"type":"number"})"), "-2.5");
  EXPECT_EQ(typed({"7"}, R"({"type":"number"})"), "7");
  EXPECT_EQ(typed({"false"}, R"({"type":"boolean"})"), "false");
  EXPECT_EQ(typed({"true"}, R"({"type":"string"})"), R"("true")");
  EXPECT_EQ(typed({"null"}, R"({"type":["string","null"]})"), "null");
  EXPECT_EQ(typed({R"({"a":1})"}, R"({"type":"object"})"), R"({"a":1})");
}

TEST(TypedValue, TakesAFlagWithoutAWordForTrue) { EXPECT_EQ(typed({}, R"({"type":"boolean"})"), "true"); }

TEST(TypedValue, MakesAListOfEveryWord) {
  EXPECT_EQ(typed({"a", "b"}, R"({"type":"array","items":{"type":"string"}})"), R"(["a","b"])");
  EXPECT_EQ(typed({"1"}, R"({"type":"array","items":{"type":"string"}})"), R"(["1"])");
  EXPECT_EQ(typed({"1", "2"}, R"({"type":"array","items":{"type":"integer"}})"), "[1,2]");
  EXPECT_EQ(typed({"1", "two"}, R"({"type":"array"})"), R"([1,"two"])");
}

TEST(TypedValue, TakesOneWordThatIsAJsonListAsTheList) {
  EXPECT_EQ(typed({R"(["a","b"])"}, R"({"type":"array","items":{"type":"string"}})"), R"(["a","b"])");
}

TEST(TypedValue, TakesOneEmptyWordForTheEmptyList) {
  EXPECT_EQ(typed({""}, R"({"type":"array","items":{"type":"string"}})"), "[]");
  EXPECT_EQ(typed({"[]"}, R"({"type":"array"})"), "[]");
  EXPECT_EQ(typed({R"([""])"}, R"({"type":"array","items":{"type":"string"}})"), R"([""])");
  EXPECT_EQ(typed({"", "a"}, R"({"type":"array","items":{"type":"string"}})"), R"(["","a"])");
  EXPECT_EQ(typed({""}, R"({"type":"string"})"), R"("")") << "a text that is empty is one";
}

TEST(TypedValue, GuessesWhereTheSchemaSaysNothing) {
  EXPECT_EQ(typed({"5"}, "{}"), "5");
  EXPECT_EQ(typed({"five"}, "{}"), R"("five")");
  EXPECT_EQ(typed({R"({"a":[]})"}, "{}"), R"({"a":[]})");
}

TEST(TypedValue, NamesWordAndExpectationWhenTheyDoNotFit) {
  EXPECT_EQ(typed({"ten"}, R"({"type":"integer"})"), R"("x" is "ten", the schema wants "integer")");
  EXPECT_EQ(typed({"1.5"}, R"({"type":"integer"})"), R"("x" is "1.5", the schema wants "integer")");
  EXPECT_EQ(typed({"a", "b"}, R"({"type":"string"})"), R"("x" is given more than once)");
}

}  // namespace
}  // namespace toolrack::cli
