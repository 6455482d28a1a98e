#include "registry/header_annotations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::registry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

HeaderAnnotations annotations_of(std::string_view schema) {
  const auto parsed = base::json::parse(schema);
  EXPECT_TRUE(parsed) << schema;
  return parsed ? read_header_annotations(*parsed, "/input") : HeaderAnnotations{};
}

auto argument(const std::string& header, const std::vector<std::string>& path) {
  return AllOf(Field(&HeaderArgument::header, header), Field(&HeaderArgument::path, path));
}

auto violation(const std::string& pointer, const std::string& words) {
  return AllOf(Field(&Violation::pointer, pointer), Field(&Violation::message, HasSubstr(words)));
}

TEST(HeaderAnnotations, LeadToTheirArguments) {
  const auto found = annotations_of(R"({"type":"object","properties":{
      "region":{"type":"string","x-mcp-header":"Region"},
      "in":{"type":"object","properties":{"properties":{"type":"boolean","x-mcp-header":"Deep"}}},
      "plain":{"type":"string","description":"x-mcp-header"}}})");
  EXPECT_THAT(found.violations, IsEmpty());
  EXPECT_THAT(found.arguments,
              ElementsAre(argument("Mcp-Param-Region", {"region"}), argument("Mcp-Param-Deep", {"in", "properties"})));
}

TEST(HeaderAnnotations, ThatNoHeaderCanBeMadeOfLeadNowhere) {
  const auto found = annotations_of(R"({"x-mcp-header":"Root","properties":{
      "a":{"type":"string","x-mcp-header":"No Token"},
      "b":{"type":"string","x-mcp-header":7},
      "c":{"type":"array","items":{"type":"string","x-mcp-header":"Item"}}}})");
  EXPECT_THAT(found.arguments, IsEmpty());
  EXPECT_THAT(found.violations, ElementsAre(violation("/input/x-mcp-header", "not reached"),
                                            violation("/input/properties/a/x-mcp-header", "no name for a header"),
                                            violation("/input/properties/b/x-mcp-header", "no name for a header"),
                                            violation("/input/properties/c/items/x-mcp-header", "not reached")));
}

TEST(HeaderAnnotations, AreReadWhereOthersBreakOnlyARuleOfTheirs) {
  const auto found = annotations_of(R"({"properties":{
      "a":{"type":["string","null"],"x-mcp-header":"Region"},
      "b":{"type":"string","x-mcp-header":"REGION"}}})");
  EXPECT_THAT(found.arguments, ElementsAre(argument("Mcp-Param-Region", {"a"})));
  EXPECT_THAT(found.violations, ElementsAre(violation("/input/properties/a/x-mcp-header", "only a"),
                                            violation("/input/properties/b/x-mcp-header", "as well")));
}

}  // namespace
}  // namespace toolrack::registry
