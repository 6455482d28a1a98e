#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.hpp"

namespace toolrack::base::json {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

/// The code of the refusal, or the document that should not have been there.
::testing::AssertionResult refuses(std::string_view text, ErrorCode code, const Limits& limits = {}) {
  const auto document = parse(text, limits);
  if (document) return ::testing::AssertionFailure() << text << " was read as " << dump(*document);
  if (document.error().code() != code)
    return ::testing::AssertionFailure() << text << ": " << document.error().name() << ": "
                                         << document.error().message();
  return ::testing::AssertionSuccess();
}

std::string message_of(std::string_view text, const Limits& limits = {}) {
  const auto document = parse(text, limits);
  return document ? "" : document.error().message();
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, ReadsEveryKindOfValue) {
  const auto document = parse(R"( {"a":[1,-2,3.5,"x",true,false,null,{}],"b":"\u00fc\n\ud83d\ude00"} )");
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_EQ(dump(*document), "{\"a\":[1,-2,3.5,\"x\",true,false,null,{}],\"b\":\"\xC3\xBC\\n\xF0\x9F\x98\x80\"}");
}

TEST(Json, ReadsAScalarAlone) {
  EXPECT_EQ(parse("7")->GetInt(), 7);
  EXPECT_TRUE(parse(" null ")->IsNull());
}

TEST(Json, DocumentOutlivesTheText) {
  auto text = std::make_unique<std::string>(R"({"name":"a string that is too long to be stored inside the value"})");
  auto document = parse(*text);
  text.reset();
  EXPECT_EQ(find_string(*document, "name"), "a string that is too long to be stored inside the value");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const auto* text :
       {"",          " ",        "{",         "[",   "{]",   "[1,]",    "{\"a\":1,}", "{a:1}",
        "{'a':1}",   "[1 2]",    "{\"a\" 1}", "nul", "tru",  "NaN",     "Infinity",   "-",
        "01",        "1.",       ".5",        "1e",  "+1",   "0x1",     "\"",         "\"\\x\"",
        "\"\\u12\"", "\"a\nb\"", "\"\x1f\"",  "1 2", "{} x", "// c\n1", "/* c */ 1",  "\xEF\xBB\xBF{}"})
    EXPECT_TRUE(refuses(text, ErrorCode::kInvalidJson));
}

TEST(Json, RefusesZeroBytesAnywhere) {
  EXPECT_TRUE(refuses("{}\0"s, ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses("{}\0{}"s, ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses("\"a\0b\""s, ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses("[1\0,2]"s, ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses("\0"s, ErrorCode::kInvalidJson));
}

TEST(Json, RefusesEveryControlCharacterInAString) {
  // At every place of a long string: readers that take many bytes at a time have their own way of finding these.
  for (char c = 1; c < 0x20; ++c) {
    for (std::size_t at = 0; at < 40; ++at) {
      auto text = "[\"" + std::string(40, 'x') + "\"]";
      text[2 + at] = c;
      ASSERT_TRUE(refuses(text, ErrorCode::kInvalidJson)) << static_cast<int>(c) << " at " << at;
    }
  }
}

TEST(Json, TakesAnEscapedZero) { EXPECT_EQ(view(*parse(R"("a\u0000b")")), "a\0b"s); }

TEST(Json, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(message_of("{\n  \"a\": 1\n  \"b\": 2\n}"),
            "line 3, column 3: Missing a comma or '}' after an object member.");
  EXPECT_THAT(message_of("[\"\xC3\xBC\", x]"), HasSubstr("line 1, column 7"));
}

TEST(Json, RefusesHalfASurrogatePair) {
  for (const auto* text : {R"("\ud800")", R"("\udc00")", R"("\udfff\ud800")", R"("\ud800x")", R"("\ud800\u0041")",
                           R"("\ud800\ud800")", R"({"\udc00":1})", R"(["a","b\udead"])"})
    EXPECT_TRUE(refuses(text, ErrorCode::kInvalidJson));
  EXPECT_TRUE(parse(R"("\ud7ff\ue000")"));
  EXPECT_TRUE(parse("\"\xED\x9F\xBF\\n\"")) << "U+D7FF shares its first byte with the surrogates";
}

TEST(Json, RefusesBrokenUtf8WithItsOffset) {
  EXPECT_TRUE(refuses("{\"a\":\"\xFF\"}", ErrorCode::kInvalidUtf8));
  EXPECT_TRUE(refuses("\"\xED\xA0\x80\"", ErrorCode::kInvalidUtf8));
  EXPECT_TRUE(refuses("\"\xC3\"", ErrorCode::kInvalidUtf8));
  EXPECT_THAT(message_of("{\"a\":\"\xFF\"}"), HasSubstr("offset 6 (line 1, column 7)"));
}

TEST(Json, BoundsTheDepth) {
  Limits limits;
  limits.max_depth = 3;
  EXPECT_TRUE(parse(nested(3), limits));
  EXPECT_TRUE(parse(R"([[[]],[[]],{"a":{}}])", limits)) << "breadth is no depth";
  EXPECT_TRUE(refuses(nested(4), ErrorCode::kTooDeep, limits));
  EXPECT_TRUE(refuses(R"({"a":{"b":{"c":{}}}})", ErrorCode::kTooDeep, limits));
  EXPECT_TRUE(parse(nested(64)));
  EXPECT_TRUE(refuses(nested(65), ErrorCode::kTooDeep));
}

TEST(Json, DepthIsBoundedWhateverTheLimitSays) {
  Limits limits;
  limits.max_depth = 1'000'000'000;
  EXPECT_TRUE(parse(nested(1'000), limits));
  EXPECT_TRUE(refuses(nested(1'001), ErrorCode::kTooDeep, limits));
  EXPECT_TRUE(refuses(std::string(2'000'000, '['), ErrorCode::kTooDeep, limits));
}

TEST(Json, BoundsTheNumberOfValues) {
  Limits limits;
  limits.max_values = 4;
  EXPECT_TRUE(parse(R"({"a":1,"b":2,"c":3})", limits)) << "names are no values";
  EXPECT_TRUE(refuses(R"({"a":1,"b":2,"c":3,"d":4})", ErrorCode::kTooManyValues, limits));
  for (const auto* more : {"null", "true", "\"\"", "1", "[]", "{}"})
    EXPECT_TRUE(refuses("[1,2,3,"s + more + "]", ErrorCode::kTooManyValues, limits));
}

TEST(Json, BoundsTheSize) {
  Limits limits;
  limits.max_bytes = 4;
  EXPECT_TRUE(parse("1234", limits));
  EXPECT_TRUE(refuses("12345", ErrorCode::kBodyTooLarge, limits));
}

TEST(Json, BoundsTheDigitsOfANumber) {
  Limits limits;
  limits.max_number_digits = 20;
  EXPECT_TRUE(parse("-1234567890.123456789e0", limits)) << "signs and points are no digits";
  EXPECT_TRUE(refuses("-1234567890.1234567890e0", ErrorCode::kInvalidJson, limits));
  EXPECT_THAT(message_of("[1234567890.12345678901]", limits), HasSubstr("has 21 digits; at most 20"));
  EXPECT_TRUE(refuses("0." + std::string(3'000'000, '7'), ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses(std::string(3'000'000, '7'), ErrorCode::kInvalidJson));
}

TEST(Json, KeepsIntegersExact) {
  EXPECT_EQ(parse("9223372036854775807")->GetInt64(), INT64_MAX);
  EXPECT_EQ(parse("-9223372036854775808")->GetInt64(), INT64_MIN);
  EXPECT_EQ(parse("18446744073709551615")->GetUint64(), UINT64_MAX);
  EXPECT_TRUE(parse("-0")->IsInt());
  EXPECT_TRUE(parse("2147483648")->IsInt64());
  EXPECT_FALSE(parse("2147483648")->IsInt());
}

TEST(Json, ReadsLargerIntegersAsTheNearestFloat) {
  EXPECT_EQ(parse("18446744073709551616")->GetDouble(), 18446744073709551616.0);
  EXPECT_EQ(parse("-9223372036854775809")->GetDouble(), -9223372036854775808.0);
  EXPECT_TRUE(parse("18446744073709551616")->IsDouble());
}

TEST(Json, RoundsFloatsToTheNearest) {
  EXPECT_EQ(parse("0.1")->GetDouble(), 0.1);
  EXPECT_EQ(parse("2.2250738585072014e-308")->GetDouble(), 2.2250738585072014e-308);
  EXPECT_EQ(parse("5e-324")->GetDouble(), 5e-324);
  EXPECT_EQ(parse("1.7976931348623157e308")->GetDouble(), 1.7976931348623157e308);
  EXPECT_EQ(parse("9007199254740993.0")->GetDouble(), 9007199254740992.0);
}

TEST(Json, RefusesNumbersThatNoFloatHolds) {
  for (const auto* text :
       {"1e309", "1e400", "-1e400", "1.8e308", "2e308", "[1e99999999999]", "1e-400", "{\"a\":1e1000}"})
    EXPECT_TRUE(refuses(text, ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses(std::string(400, '9'), ErrorCode::kInvalidJson));
}

TEST(Json, NumbersThatOverrunTablesAreHarmless) {
  // Each of these makes a conversion by RapidJSON 1.1.0 itself read outside its tables or overflow.
  EXPECT_TRUE(refuses("0." + std::string(900, '0') + "1", ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses("1." + std::string(780, '3') + "e-1100", ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses("1.00000000001e-2147483639", ErrorCode::kInvalidJson));
  EXPECT_TRUE(refuses("1.5e-99999999999999999999", ErrorCode::kInvalidJson));
  EXPECT_EQ(parse("0e-100")->GetDouble(), 0.0);
  EXPECT_EQ(parse("0." + std::string(900, '0'))->GetDouble(), 0.0);
}

TEST(Json, RefusesDuplicateKeysAndSaysWhere) {
  EXPECT_TRUE(refuses(R"({"a":1,"a":1})", ErrorCode::kDuplicateKey));
  EXPECT_EQ(message_of(R"({"a":1,"b":2,"a":3})"), "The member \"a\" appears more than once in the root object.");
  EXPECT_THAT(message_of(R"({"x":[{},{"y/~":{"k":1,"k":2}}]})"),
              HasSubstr(R"("k" appears more than once in the object at "/x/1/y~1~0")"));
  EXPECT_TRUE(refuses(R"({"a":1,"\u0061":2})", ErrorCode::kDuplicateKey)) << "names are compared as read";
  EXPECT_TRUE(parse(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":1,"":2})"));
}

TEST(Json, FindsDuplicatesAmongManyKeys) {
  std::string members;
  for (int i = 0; i < 5'000; ++i) members += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse("{" + members + "\"last\":0}"));
  EXPECT_TRUE(refuses("{" + members + "\"k2500\":0}", ErrorCode::kDuplicateKey));
  EXPECT_TRUE(refuses(R"({"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"a":0})", ErrorCode::kDuplicateKey));
}

TEST(Json, ShortensLongNamesInMessages) {
  const std::string name(10'000, 'n');
  EXPECT_LT(message_of("{\"" + name + "\":1,\"" + name + "\":2}").size(), 300u);
}

TEST(JsonConfig, TakesCommentsAndTrailingCommas) {
  const auto document = parse_config("// head\n{ /* a **/ \"a\": [1, 2,], // tail\n \"b\": {\"c\": 3,},\n}\n// end");
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_EQ(dump(*document), R"({"a":[1,2],"b":{"c":3}})");
}

TEST(JsonConfig, KeepsTheOtherRules) {
  EXPECT_EQ(parse_config("{\"a\":1, /* again */ \"a\":2}").error().code(), ErrorCode::kDuplicateKey);
  EXPECT_EQ(parse_config("{\"a\":1} /* never closed").error().code(), ErrorCode::kInvalidJson);
  EXPECT_EQ(parse_config("// only a comment").error().code(), ErrorCode::kInvalidJson);
  EXPECT_EQ(parse_config("{} // \0 {}"s).error().code(), ErrorCode::kInvalidJson);
  EXPECT_EQ(parse_config("{a:1}").error().code(), ErrorCode::kInvalidJson);
}

TEST(JsonPosition, CountsLinesAndCharacters) {
  EXPECT_EQ(position("", 0), "line 1, column 1");
  EXPECT_EQ(position("ab\ncd", 4), "line 2, column 2");
  EXPECT_EQ(position("\xC3\xBC\xC3\xBCx", 4), "line 1, column 3");
  EXPECT_EQ(position("ab", 99), "line 1, column 3");
}

}  // namespace
}  // namespace toolrack::base::json
