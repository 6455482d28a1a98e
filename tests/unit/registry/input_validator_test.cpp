#include "registry/input_validator.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

namespace toolrack::registry {

void PrintTo(const Violation& v, std::ostream* out) { *out << v.pointer << " | " << v.keyword << " | " << v.message; }

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace json = base::json;

std::vector<Violation> check(std::string_view schema, std::string_view value) {
  auto validator = compile_schema(schema);
  EXPECT_TRUE(validator) << schema << ": " << (validator ? "" : validator.error().message());
  auto parsed = json::parse(value, {.max_bytes = 64 << 20, .max_depth = 2'000});
  EXPECT_TRUE(parsed) << value.substr(0, 200);
  if (!validator || !parsed) return {{"", "test", "does not run"}};
  return (*validator)->check(*parsed);
}

std::string refusal(std::string_view schema) {
  auto validator = compile_schema(schema);
  if (validator) return "(accepted)";
  EXPECT_EQ(validator.error().code(), base::ErrorCode::kInvalidManifest);
  return validator.error().message();
}

auto violation(const std::string& pointer, const std::string& keyword, const std::string& words) {
  return AllOf(Field(&Violation::pointer, pointer), Field(&Violation::keyword, keyword),
               Field(&Violation::message, HasSubstr(words)));
}

// Keyword by keyword: a schema, a value it takes, one it does not, and the reason.
struct KeywordCase {
  const char *schema, *good, *bad, *pointer, *keyword, *words;
};

class InputValidatorKeyword : public ::testing::TestWithParam<KeywordCase> {};

TEST_P(InputValidatorKeyword, TakesTheGoodAndNamesTheBad) {
  const auto& row = GetParam();
  EXPECT_THAT(check(row.schema, row.good), IsEmpty()) << row.schema;
  const auto violations = check(row.schema, row.bad);
  ASSERT_FALSE(violations.empty()) << row.schema << " took " << row.bad;
  EXPECT_THAT(violations.front(), violation(row.pointer, row.keyword, row.words)) << row.schema;
}

INSTANTIATE_TEST_SUITE_P(
    Keywords, InputValidatorKeyword,
    ::testing::Values(
        KeywordCase{R"({"type":"string"})", R"("a")", "5", "", "type", "expected string, got integer 5"},
        KeywordCase{R"({"type":"integer"})", "1.0", "1.5", "", "type", "expected integer, got number 1.5"},
        KeywordCase{R"({"type":["number","null"]})", "null", "true", "", "type",
                    "expected number or null, got boolean true"},
        KeywordCase{R"({"type":"object"})", "{}", "[1,2]", "", "type", "expected object, got array"},
        KeywordCase{R"({"enum":["a","b",{"x":[1]}]})", R"({"x":[1.0]})", R"("c")", "", "enum",
                    R"(expected one of "a", "b")"},
        KeywordCase{R"({"const":{"a":1,"b":2}})", R"({"b":2,"a":1.0})", R"({"a":1})", "", "const",
                    "expected an object"},
        KeywordCase{R"({"minLength":2})", R"("äö")", R"("ä")", "", "minLength", "at least 2 characters, got 1"},
        KeywordCase{R"({"maxLength":2})", R"("äö")", R"("abc")", "", "maxLength", "at most 2 characters, got 3"},
        KeywordCase{R"({"maxLength":2.0})", R"("ab")", R"("abc")", "", "maxLength", "at most 2"},
        KeywordCase{R"({"pattern":"^[a-z]+$"})", R"("abc")", R"("ab1")", "", "pattern",
                    R"(a match of ^[a-z]+$, got "ab1")"},
        KeywordCase{R"({"minimum":1})", "1", "0.5", "", "minimum", "at least 1, got 0.5"},
        KeywordCase{R"({"maximum":9007199254740993})", "9007199254740993", "9007199254740994", "", "maximum",
                    "at most 9007199254740993"},
        KeywordCase{R"({"minimum":-9223372036854775808})", "-9223372036854775808", "-1e300", "", "minimum", "at least"},
        KeywordCase{R"({"exclusiveMinimum":1})", "1.5", "1", "", "exclusiveMinimum", "more than 1"},
        KeywordCase{R"({"exclusiveMaximum":1})", "0", "1.0", "", "exclusiveMaximum", "less than 1"},
        KeywordCase{R"({"multipleOf":0.01})", "19.99", "19.995", "", "multipleOf", "a multiple of 0.01"},
        KeywordCase{R"({"multipleOf":3})", "-9", "10", "", "multipleOf", "a multiple of 3"},
        KeywordCase{R"({"multipleOf":0.123456789})", "0", "1e308", "", "multipleOf", "a multiple of"},
        KeywordCase{R"({"items":{"type":"string"}})", R"(["a"])", R"(["a",7])", "/1", "type", "expected string"},
        KeywordCase{R"({"prefixItems":[{"type":"string"}],"items":false})", R"(["a"])", R"(["a",7])", "/1", "false",
                    "no value"},
        KeywordCase{R"({"items":[{"type":"string"}],"additionalItems":{"type":"null"}})", R"(["a",null])", R"(["a",7])",
                    "/1", "type", "expected null"},
        KeywordCase{R"({"minItems":1})", "[0]", "[]", "", "minItems", "at least 1 items, got 0"},
        KeywordCase{R"({"maxItems":1})", "[0]", "[0,1]", "", "maxItems", "at most 1 items, got 2"},
        KeywordCase{R"({"uniqueItems":true})", R"([1,"1",{"a":1,"b":2},{"a":2,"b":1}])",
                    R"([{"a":1,"b":2},{"b":2,"a":1.0}])", "", "uniqueItems", "only once"},
        KeywordCase{R"({"contains":{"type":"null"}})", "[1,null]", "[1]", "", "contains",
                    "at least 1 items that fit, got 0"},
        KeywordCase{R"({"contains":{"type":"null"},"minContains":2})", "[null,null]", "[null]", "", "minContains",
                    "at least 2"},
        KeywordCase{R"({"contains":{"type":"null"},"maxContains":1})", "[null]", "[null,null]", "", "maxContains",
                    "at most 1"},
        KeywordCase{R"({"properties":{"a/b~c":{"type":"string"}}})", R"({"a/b~c":"x"})", R"({"a/b~c":1})", "/a~1b~0c",
                    "type", "expected string"},
        KeywordCase{R"({"required":["a"]})", R"({"a":null})", R"({"b":1})", "", "required", R"("a" is missing)"},
        KeywordCase{R"({"properties":{"message":{}},"additionalProperties":false})", R"({"message":1})",
                    R"({"mesage":1})", "/mesage", "additionalProperties",
                    R"(no property "mesage" here. Did you mean "message"?)"},
        KeywordCase{R"({"required":["a"],"additionalProperties":{"type":"string"}})", R"({"a":"x"})", R"({"a":1})",
                    "/a", "type", "expected string"},
        KeywordCase{R"({"patternProperties":{"^x-":{"type":"integer"}},"additionalProperties":false})", R"({"x-a":1})",
                    R"({"x-a":"1"})", "/x-a", "type", "expected integer"},
        KeywordCase{R"({"propertyNames":{"maxLength":2}})", R"({"ab":1})", R"({"abc":1})", "/abc", "maxLength",
                    "at most 2"},
        KeywordCase{R"({"minProperties":1})", R"({"a":1})", "{}", "", "minProperties", "at least 1 properties"},
        KeywordCase{R"({"maxProperties":1})", R"({"a":1})", R"({"a":1,"b":2})", "", "maxProperties",
                    "at most 1 properties"},
        KeywordCase{R"({"dependentRequired":{"card":["address"]}})", R"({"card":1,"address":2})", R"({"card":1})", "",
                    "dependentRequired", R"("address" is missing; it goes with "card")"},
        KeywordCase{R"({"dependentSchemas":{"a":{"required":["b"]}}})", R"({"a":1,"b":2})", R"({"a":1})", "",
                    "required", "\"b\""},
        KeywordCase{R"({"dependencies":{"a":["b"],"c":{"required":["d"]}}})", R"({"c":1,"d":2})", R"({"a":1})", "",
                    "dependentRequired", "\"b\""},
        KeywordCase{R"({"allOf":[{"minimum":1},{"maximum":3}]})", "2", "4", "", "maximum", "at most 3"},
        KeywordCase{R"({"anyOf":[{"type":"string"},{"minimum":3}]})", "3", "2", "", "anyOf",
                    "none of the 2 allowed forms"},
        KeywordCase{R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", "9", "6", "", "oneOf", "number 1 and number 2"},
        KeywordCase{R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", "4", "7", "", "oneOf", "none of the 2"},
        KeywordCase{R"({"not":{"type":"null"}})", "1", "null", "", "not", "null is excluded"},
        KeywordCase{R"({"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})",
                    R"({"a":1,"b":1})", R"({"a":1,"c":1})", "", "required", "\"b\""},
        KeywordCase{R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"integer"}}})", "1", "\"x\"", "", "type",
                    "expected integer"},
        KeywordCase{R"({"$ref":"#/$defs/n","maximum":3,"$defs":{"n":{"type":"integer"}}})", "3", "4", "", "maximum",
                    "at most 3"},
        KeywordCase{R"({"$ref":"#small","$defs":{"n":{"$anchor":"small","maximum":3}}})", "3", "4", "", "maximum",
                    "at most 3"},
        KeywordCase{R"({"$ref":"#/$defs/a~1b%25","$defs":{"a/b%":{"maximum":3}}})", "3", "4", "", "maximum",
                    "at most 3"},
        KeywordCase{R"({"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false})",
                    R"({"next":{"next":{}}})", R"({"next":{"next":{"x":1}}})", "/next/next/x", "additionalProperties",
                    "no property"},
        KeywordCase{R"({"properties":{"a":false}})", "{}", R"({"a":1})", "/a", "false", "no value"},
        KeywordCase{R"({"format":"date"})", R"("2024-02-29")", R"("2023-02-29")", "", "format",
                    R"(expected a date such as 2026-01-31, got "2023-02-29")"},
        KeywordCase{R"({"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false})", R"({"a":1})",
                    R"({"a":1,"b":2})", "/b", "unevaluatedProperties", "no property \"b\" here"},
        KeywordCase{R"({"anyOf":[{"properties":{"a":{"const":1}}},{"properties":{"b":{"const":2}}}],
                        "unevaluatedProperties":{"type":"string"}})",
                    R"({"a":1,"b":2,"c":"x"})", R"({"a":1,"c":3})", "/c", "type", "expected string"},
        KeywordCase{R"({"prefixItems":[{}],"contains":{"const":7},"unevaluatedItems":false})", "[0,7,7]", "[0,7,8]",
                    "/2", "false", "no value"},
        KeywordCase{R"({"if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"properties":{"x":{}}},
                        "unevaluatedProperties":false})",
                    R"({"k":1,"x":2})", R"({"k":2,"x":2})", "/k", "unevaluatedProperties", "no property"},
        KeywordCase{R"({"$id":"http://a/b/","properties":{"x":{"$ref":"c#top"}},
                        "$defs":{"c":{"$id":"/b/c","$defs":{"d":{"$anchor":"top","type":"null"}}}}})",
                    R"({"x":null})", R"({"x":1})", "/x", "type", "expected null"},
        KeywordCase{R"({"enum":[0,1,2,3,4,5,6,7,8,9,{"a":[1]}]})", R"({"a":[1.0]})", "10", "", "enum", "one of 0, 1"}));

TEST(InputValidator, TakesWhatNoKeywordSpeaksOf) {
  EXPECT_THAT(check("true", "[1]"), IsEmpty());
  EXPECT_THAT(check("{}", "{\"a\":null}"), IsEmpty());
  EXPECT_THAT(check(R"({"minLength":3,"minimum":3,"required":["a"],"minItems":1})", "true"), IsEmpty());
  EXPECT_THAT(check(R"({"contains":{"type":"null"},"minContains":0})", "[1]"), IsEmpty());
  EXPECT_THAT(
      check(R"({"format":"of-mine","contentMediaType":"image/png","x-ui":{"$ref":"http://nowhere/"}})", "\"x\""),
      IsEmpty());
}

TEST(InputValidator, ShowsThatALongNameWasCut) {
  const auto found = check(R"({"additionalProperties":false})", "{\"" + std::string(200, 'a') + "\":1}");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].message, ::testing::HasSubstr("there is no property \"" + std::string(60, 'a') + "…\" here"));
}

TEST(InputValidator, LeavesKeywordsAloneWhereTheyAreNames) {
  const auto* schema = R"({"properties":{"$dynamicRef":{"type":"string"},"$ref":{"type":"integer"}},
                           "enum":[{"$ref":1},{"$dynamicRef":"x"}],"default":{"$dynamicRef":"#x"}})";
  EXPECT_THAT(check(schema, R"({"$ref":1})"), IsEmpty());
  EXPECT_THAT(check(schema, R"({"$dynamicRef":1})"),
              ElementsAre(violation("", "enum", ""), violation("/$dynamicRef", "type", "")));
}

TEST(InputValidator, ReportsEveryViolationInDocumentOrder) {
  const auto* schema = R"({"type":"object","required":["a","d"],"additionalProperties":false,
                           "properties":{"a":{"type":"string"},"b":{"type":"array","items":{"type":"integer"}},"d":{}}})";
  EXPECT_THAT(check(schema, R"({"x":0,"b":["p",2,"q"],"a":1})"),
              ElementsAre(violation("", "required", "\"d\""), violation("/x", "additionalProperties", ""),
                          violation("/b/0", "type", ""), violation("/b/2", "type", ""), violation("/a", "type", "")));
}

TEST(InputValidator, OrdersWhatSeveralSchemasSayAndSaysItOnce) {
  const auto* schema = R"({"allOf":[{"properties":{"b":{"type":"string"}}},{"properties":{"a":{"minimum":5}}},
                                    {"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],
                           "$defs":{"a":{"properties":{"a":{"type":"integer","multipleOf":4}}}}})";
  EXPECT_THAT(
      check(schema, R"({"a":3,"b":1})"),
      ElementsAre(violation("/a", "minimum", ""), violation("/a", "multipleOf", ""), violation("/b", "type", "")));
}

TEST(InputValidator, TellsExpectedAndActualApart) {
  const auto violations =
      check(R"({"properties":{"n":{"maximum":3}},"required":["m"],"additionalProperties":false})", R"({"n":4,"x":1})");
  ASSERT_EQ(violations.size(), 3u);
  EXPECT_EQ(violations[0].expected, R"(property "m")");
  EXPECT_EQ(violations[0].actual, "none of that name");
  EXPECT_EQ(violations[1].expected, "at most 3");
  EXPECT_EQ(violations[1].actual, "4");
  EXPECT_EQ(violations[2].expected, R"(one of the properties "n")");
  EXPECT_EQ(violations[2].actual, R"("x")");
}

TEST(InputValidator, OutlivesTheDocumentOfItsSchema) {
  auto schema = json::parse(R"({"enum":["alpha","beta"],"const":"beta"})");
  const auto validator = *compile_schema(static_cast<const json::Value&>(*schema));
  schema = json::parse(R"({"xxxx":["xxxxx","xxxx"],"xxxxx":"xxxx"})");
  EXPECT_THAT(validator->check(*json::parse("\"beta\"")), IsEmpty());
}

TEST(InputValidator, LetsFormatsDescribeWhereTheyAreNotToDecide) {
  const auto validator = *compile_schema(R"({"format":"date"})", Formats::kAnnotate);
  EXPECT_THAT(validator->check(*json::parse("\"tomorrow\"")), IsEmpty());
}

TEST(InputValidator, RefusesEverythingWhereNothingIsAllowed) {
  EXPECT_THAT(check(R"({"enum":[]})", "1"), ElementsAre(violation("", "enum", "no values")));
}

TEST(InputValidator, StopsReportingAtThirtyTwo) {
  std::string value = "[0";
  for (int i = 0; i < 1'000; ++i) value += ",0";
  EXPECT_EQ(check(R"({"items":{"type":"string"}})", value + "]").size(), 32u);
}

TEST(InputValidator, ExplainsTheAlternativeThatFitsBest) {
  const auto* schema = R"({"anyOf":[{"type":"string"},
      {"type":"object","properties":{"kind":{"const":"card"},"number":{"type":"string"}},"required":["kind","number"]},
      {"type":"object","properties":{"kind":{"const":"cash"}},"required":["kind"]}]})";
  EXPECT_THAT(check(schema, R"({"kind":"card","number":4})"),
              ElementsAre(violation("", "anyOf", "3 allowed forms"), violation("/number", "type", "expected string")));
}

TEST(InputValidator, ShowsLongValuesCut) {
  const auto violations = check(R"({"type":"integer"})", "\"" + std::string(100'000, 'x') + "\"");
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_LT(violations[0].message.size(), 200u);
}

TEST(InputValidator, FollowsDraft7WhereTheSchemaSaysSo) {
  const auto* siblings = R"({"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"type":"integer"}},
                             "properties":{"a":{"$ref":"#/definitions/n","maximum":3}}})";
  EXPECT_THAT(check(siblings, R"({"a":4})"), IsEmpty()) << "draft 7 ignores what stands beside $ref";
  const auto* newer = R"({"$schema":"http://json-schema.org/draft-07/schema#","unevaluatedProperties":false,
                          "prefixItems":[false],"dependentRequired":{"a":["b"]},"$dynamicRef":"#x"})";
  EXPECT_THAT(check(newer, R"({"a":1})"), IsEmpty()) << "draft 7 has no such keywords";
  const auto* anchor = R"({"$schema":"http://json-schema.org/draft-07/schema#","items":{"$ref":"#n"},
                           "definitions":{"x":{"$id":"#n","type":"integer"}}})";
  EXPECT_THAT(check(anchor, R"(["a"])"), ElementsAre(violation("/0", "type", "")));
}

// What cannot be honoured is refused when the tool is registered, with its place; nothing is ignored in silence.
TEST(InputValidator, RefusesSchemasItCannotHonour) {
  const std::pair<const char*, const char*> rows[] = {
      {"[]", R"(schema at "": a schema is an object)"},
      {"not json", "the schema is no JSON"},
      {R"({"properties":{"a":5}})", R"(at "/properties/a": a schema is an object)"},
      {R"({"properties":{"a":{"type":"strin"}}})", R"(at "/properties/a/type": "strin" is no JSON type)"},
      {R"({"type":[]})", "is no JSON type"},
      {R"({"minLength":-1})", R"(at "/minLength": must be a whole number)"},
      {R"({"maxItems":1.5})", "must be a whole number"},
      {R"({"minimum":"1"})", R"(at "/minimum": must be a number)"},
      {R"({"exclusiveMinimum":true})", "must be a number"},
      {R"({"multipleOf":0})", "must be above 0"},
      {R"({"required":"a"})", "must be an array"},
      {R"({"required":[1]})", "must hold strings"},
      {R"({"enum":{}})", "must be an array of values"},
      {R"({"anyOf":[]})", "at least one schema"},
      {R"({"anyOf":{}})", "must be an array"},
      {R"({"uniqueItems":1})", "must be true or false"},
      {R"j({"items":{"pattern":"(?=a)"}})j", R"j(at "/items/pattern": pattern "(?=a)" cannot be used)j"},
      {R"({"pattern":"(a)\\1"})", "cannot be used"},
      {R"({"pattern":"["})", "cannot be used"},
      {R"j({"pattern":"(((a{100}){100}){100})"})j", "cannot be used"},
      {R"({"patternProperties":{"(":{}}})", "cannot be used"},
      {R"({"$dynamicRef":"#x"})", R"(at "/$dynamicRef")"},
      {R"({"$recursiveRef":"#"})", R"(at "/$recursiveRef")"},
      {R"({"properties":{"a":{"$id":"#x"}}})", R"(at "/properties/a/$id": must have no fragment)"},
      {R"({"properties":{"a":{"$id":"http://["}}})", R"(at "/properties/a/$id": "http://[" is no URI reference)"},
      {R"({"$id":"http://x/y","$defs":{"a":{"$id":"y"}}})", R"(at "/$defs/a/$id": "http://x/y" names another schema)"},
      {R"({"$defs":{"a":{"$schema":"http://json-schema.org/draft-07/schema#"}}})", "the same in the whole document"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#"})", "is not understood"},
      {R"({"$schema":7})", "is not understood"},
      {R"({"$ref":"http://example.com/schema.json"})", "leads out of this document"},
      {R"({"$ref":"other.json#/a"})", "leads out of this document"},
      {R"({"$ref":"file:///etc/passwd"})", "leads out of this document"},
      {R"({"$ref":5})", "must be a string"},
      {R"({"$ref":"#/$defs/none"})", "names no schema"},
      {R"({"$ref":"#/default","default":{"type":"string"}})", "names no schema"},
      {R"({"$ref":"#/%zz"})", "names no schema"},
      {R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})", "defined twice"},
  };
  for (const auto& [schema, words] : rows) EXPECT_THAT(refusal(schema), HasSubstr(words)) << schema;
}

// Each of these would overflow the stack or run for ever in a validator that follows references as it meets them.
TEST(InputValidator, RefusesSchemasThatNeverEnd) {
  for (const auto* schema :
       {R"({"$ref":"#"})", R"({"allOf":[{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})", R"({"if":{"$ref":"#"}})",
        R"({"dependentSchemas":{"a":{"$ref":"#"}}})", R"({"anyOf":[{"type":"null"},{"oneOf":[{"$ref":"#"}]}]})",
        R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})"}) {
    EXPECT_THAT(refusal(schema), HasSubstr("would never end")) << schema;
  }
}

TEST(InputValidator, RefusesChainsThatAreTooLong) {
  std::string schema = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 5'000; ++i) schema += fmt::format(R"("d{}":{{"$ref":"#/$defs/d{}"}},)", i, i + 1);
  EXPECT_THAT(refusal(schema + R"("d5000":{}}})"), HasSubstr("more than 64 schemas apply to one value"));
}

TEST(InputValidator, RefusesMoreSchemasThanItHasRoomFor) {
  std::string schema = R"({"properties":{"p":{})";
  for (int i = 0; i < 30'000; ++i) schema += fmt::format(R"(,"p{}":{{}})", i);
  EXPECT_THAT(refusal(schema + "}}"), HasSubstr("more than 20000 schemas"));
}

TEST(InputValidator, RefusesSchemasThatAreNestedTooDeeply) {
  std::string schema;
  for (int i = 0; i < 20'000; ++i) schema += R"({"items":)";
  EXPECT_THAT(refusal(schema + "{}" + std::string(20'000, '}')), HasSubstr("no JSON"));
}

// 2^40 ways through ten doublings a level: the budget ends it, in a moment, with a violation and not with a wrong
// "valid".
TEST(InputValidator, EndsWorkThatGrowsExponentially) {
  std::string schema = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 20; ++i)
    schema += fmt::format(R"("d{0}":{{"allOf":[{{"$ref":"#/$defs/d{1}"}},{{"$ref":"#/$defs/d{1}"}}]}},)", i, i + 1);
  const auto violations = check(schema + R"("d20":{}}})", "1");
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_THAT(violations[0].message, HasSubstr("steps"));
}

TEST(InputValidator, EndsAtTheDepthOfTheValue) {
  const auto* list = R"({"properties":{"next":{"$ref":"#"}}})";
  const auto nested = [](int depth) {
    std::string value;
    for (int i = 0; i < depth; ++i) value += R"({"next":)";
    return value + "{}" + std::string(static_cast<std::size_t>(depth), '}');
  };
  EXPECT_THAT(check(list, nested(60)), IsEmpty());
  EXPECT_THAT(check(list, nested(400)), ElementsAre(violation("", "", "levels")));
}

TEST(InputValidator, RunsPatternsInLinearTime) {
  // std::regex needs minutes for the first and overflows its stack on the second.
  EXPECT_THAT(check(R"({"pattern":"^(a+)+$"})", "\"" + std::string(5'000, 'a') + "!\""),
              ElementsAre(violation("", "pattern", "")));
  EXPECT_THAT(check(R"({"pattern":"^[a-z]*$"})", "\"" + std::string(1'000'000, 'a') + "\""), IsEmpty());
}

TEST(InputValidator, FindsEqualItemsWithoutComparingAllPairs) {
  std::string value = "[0";
  for (int i = 1; i < 90'000; ++i) value += fmt::format(",{}", i);
  EXPECT_THAT(check(R"({"uniqueItems":true})", value + "]"), IsEmpty());
  EXPECT_THAT(check(R"({"uniqueItems":true})", value + ",0]"), ElementsAre(violation("", "uniqueItems", "")));
}

TEST(InputValidator, MakesAnErrorThatNamesTheFirstViolation) {
  const auto error = to_error(check(R"({"items":{"type":"string"}})", "[1,2]"), "input of seo.analyze_page");
  EXPECT_EQ(error.code(), base::ErrorCode::kInvalidInput);
  EXPECT_EQ(error.message(), "input of seo.analyze_page at /0: expected string, got integer 1 (and 1 more)");
  EXPECT_EQ(error.details_json(), R"([{"pointer":"/0","keyword":"type","message":"expected string, got integer 1",)"
                                  R"("expected":"string","actual":"integer 1"},)"
                                  R"({"pointer":"/1","keyword":"type","message":"expected string, got integer 2",)"
                                  R"("expected":"string","actual":"integer 2"}])");
}

}  // namespace
}  // namespace toolrack::registry
