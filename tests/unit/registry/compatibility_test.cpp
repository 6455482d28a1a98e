#include "registry/compatibility.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "support/data_file.hpp"
#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;
namespace json = base::json;

/// "/a" leads into the newer schema, "-/a" into the older one; "/" is the newer schema itself.
std::string place(const Break& one) {
  return (one.is_gone ? "-" : "") + (one.pointer.empty() ? std::string("/") : one.pointer);
}

class SchemaChange : public ::testing::TestWithParam<const json::Value*> {};

TEST_P(SchemaChange, IsABreakWhereSomethingIsTakenAway) {
  const auto& before = *json::find(*GetParam(), "before");
  const auto& after = *json::find(*GetParam(), "after");
  ASSERT_TRUE(compile_schema(before)) << "a row that no manifest could have";
  ASSERT_TRUE(compile_schema(after));
  std::vector<std::string> told, wanted;
  for (const auto& one : SchemaNarrowing(before, "", after, "").find()) {
    EXPECT_FALSE(one.message.empty());
    told.push_back(place(one));
  }
  for (const auto& one : json::find(*GetParam(), "breaks")->GetArray()) wanted.emplace_back(json::view(one));
  EXPECT_THAT(told, UnorderedElementsAreArray(wanted)) << json::find_string(*GetParam(), "why").value_or("");
}

/// Whatever the change is, the schema itself takes what it took.
TEST_P(SchemaChange, IsNoneOfASchemaToItself) {
  for (const auto* side : {"before", "after"}) {
    const auto& schema = *json::find(*GetParam(), side);
    for (const auto& one : SchemaNarrowing(schema, "", schema, "").find())
      ADD_FAILURE() << side << " " << place(one) << " " << one.message;
  }
}

std::vector<const json::Value*> changes() {
  std::vector<const json::Value*> out;
  for (const auto& row : testing::data_file("schema_changes.json").GetArray()) out.push_back(&row);
  return out;
}
INSTANTIATE_TEST_SUITE_P(Each, SchemaChange, ::testing::ValuesIn(changes()),
                         [](const auto& row) { return testing::case_name(*row.param); });

TEST(SchemaNarrowing, GivesUpOnWhatWouldTakeForEver) {
  // Each definition leads twice to the next: 2^30 ways.
  std::string text = R"({"$defs": {)";
  for (int i = 0; i < 30; ++i)
    text += fmt::format(
        R"("d{0}": {{"properties": {{"a": {{"$ref": "#/$defs/d{1}"}}, "b": {{"$ref": "#/$defs/d{1}"}}}}}},)", i, i + 1);
  const auto schema = [&](std::string_view last) {
    return json::parse(text + fmt::format(R"("d30": {}}}, "$ref": "#/$defs/d0"}})", last));
  };
  const auto before = schema("{}"), after = schema(R"({"type": "string"})");
  ASSERT_TRUE(before && after);
  const auto breaks = SchemaNarrowing(*before, "/x", *after, "/y").find();
  ASSERT_FALSE(breaks.empty());
  EXPECT_EQ(breaks.back().pointer, "/y");
  EXPECT_EQ(breaks.back().message, "is too large to be compared");
}

TEST(Compatibility, TellsSkillsAndNamesThatAreGone) {
  const auto before = FakeTool{.skills = {"one", "two"}, .aliases = {"kept", "lost"}}.make();
  const auto after = FakeTool{.version = "1.1.0", .skills = {"three", "two"}, .aliases = {"kept"}}.make();
  const auto breaks = find_breaks(*before, *after);
  ASSERT_THAT(breaks, SizeIs(2));
  EXPECT_EQ(breaks[0].pointer, "/aliases/1");
  EXPECT_EQ(breaks[1].pointer, "/skills/0");
  EXPECT_TRUE(breaks[1].is_gone);
  EXPECT_EQ(
      to_text(breaks),
      "at /aliases/1 of the one before: \"lost\" is gone; at /skills/0 of the one before: the skill \"one\" is gone");
  EXPECT_THAT(
      find_breaks(*before, *FakeTool{.skills = {"one", "two"}, .aliases = {"kept", "lost"}, .prefix = "x"}.make()),
      SizeIs(2))
      << "flat names";
}

TEST(Compatibility, TellsWhereInTheManifestAnInputIsNarrower) {
  const auto before = FakeTool{.skills = {"one", "two"}}.make();
  const auto after = FakeTool{.skills = {"two", "new", "one"}}.make();
  after->skills[2].input_schema = R"({"type":"object","required":["url"]})";
  const auto breaks = find_breaks(*before, *after);
  ASSERT_THAT(breaks, SizeIs(1));
  EXPECT_EQ(breaks[0].pointer, "/skills/2/input/required/0");
  EXPECT_EQ(breaks[0].message, "\"url\" is required now");
  EXPECT_THAT(find_breaks(*after, *after), IsEmpty());
}

TEST(Compatibility, IsPromisedBetweenStableVersionsOfOneMajorVersion) {
  struct Row {
    const char *before, *after;
    bool is_promised;
  };
  for (const auto& row : {Row{"1.3.0", "1.4.0", true}, Row{"1.3.0", "1.3.1", true}, Row{"1.3.0", "2.0.0", false},
                          Row{"1.4.0", "1.3.0", false}, Row{"1.3.0", "1.3.0", false}, Row{"1.3.0", "1.4.0-rc.1", false},
                          Row{"1.3.0-rc.1", "1.3.0", false}, Row{"0.1.0", "0.2.0", false}, Row{"0.1.0", "0.1.1", true},
                          Row{"x", "1.0.0", false}})
    EXPECT_EQ(must_be_compatible(row.before, row.after), row.is_promised) << row.before << " " << row.after;
}

}  // namespace
}  // namespace toolrack::registry
