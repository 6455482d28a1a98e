#include "base/json.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace toolrack::base::json {
namespace {

using namespace std::string_literals;

Document read(std::string_view text) {
  auto document = parse(text);
  EXPECT_TRUE(document) << text;
  return document ? *std::move(document) : Document();
}

std::string canonical_of(std::string_view text) { return canonical(read(text)); }

TEST(JsonFind, GivesMembersOfTheWantedTypeOnly) {
  const auto document = read(R"({"s":"x","i":-5,"u":18446744073709551615,"d":1.5,"b":true,"n":null,"":"empty"})");
  EXPECT_EQ(find_string(document, "s"), "x");
  EXPECT_EQ(find_string(document, ""), "empty");
  EXPECT_EQ(find_int(document, "i"), -5);
  EXPECT_EQ(find_bool(document, "b"), true);
  for (const auto* key : {"i", "b", "n", "absent"}) EXPECT_FALSE(find_string(document, key)) << key;
  for (const auto* key : {"s", "u", "d", "b", "n", "absent"}) EXPECT_FALSE(find_int(document, key)) << key;
  for (const auto* key : {"s", "i", "n", "absent"}) EXPECT_FALSE(find_bool(document, key)) << key;
  EXPECT_EQ(find(document, "absent"), nullptr);
  ASSERT_NE(find(document, "n"), nullptr);
  EXPECT_TRUE(find(document, "n")->IsNull());
}

TEST(JsonFind, GivesNothingOfWhatIsNoObject) {
  for (const auto* text : {"[1]", "\"s\"", "1", "null"}) EXPECT_EQ(find(read(text), "s"), nullptr) << text;
}

TEST(JsonPointer, FollowsTheExamplesOfRfc6901) {
  const auto document =
      read(R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})");
  EXPECT_EQ(at(document, ""), &document);
  EXPECT_EQ(dump(*at(document, "/foo")), R"(["bar","baz"])");
  EXPECT_EQ(dump(*at(document, "/foo/0")), "\"bar\"");
  const std::pair<const char*, int> vectors[] = {{"/", 0},     {"/a~1b", 1}, {"/c%d", 2}, {"/e^f", 3}, {"/g|h", 4},
                                                 {"/i\\j", 5}, {"/k\"l", 6}, {"/ ", 7},   {"/m~0n", 8}};
  for (const auto& [pointer, value] : vectors) {
    ASSERT_NE(at(document, pointer), nullptr) << pointer;
    EXPECT_EQ(at(document, pointer)->GetInt(), value) << pointer;
  }
}

TEST(JsonPointer, NamesNothingWhereNothingIs) {
  const auto document = read(R"({"a":[1,2],"b":"text","~":1,"~2":2,"0":{"":3}})");
  for (const auto* pointer :
       {"a", "#/a", "/x", "/a/2", "/a/-", "/a/-1", "/a/00", "/a/01", "/a/+1", "/a/1x", "/a/", "/a/ 1", "/a/4294967296",
        "/a/4294967297", "/a/18446744073709551616", "/b/0", "/~", "/~2", "/a/0/"})
    EXPECT_EQ(at(document, pointer), nullptr) << pointer;
  EXPECT_EQ(at(document, "/~0")->GetInt(), 1);
  EXPECT_EQ(at(document, "/0/")->GetInt(), 3);
}

TEST(JsonCanonical, SortsMembersByTheirBytes) {
  EXPECT_EQ(canonical_of(R"({"b":1,"a":{"d":[3,{"z":1,"y":2}],"c":2},"B":3,"":4,"aa":5})"),
            R"({"":4,"B":3,"a":{"c":2,"d":[3,{"y":2,"z":1}]},"aa":5,"b":1})");
  EXPECT_EQ(canonical_of("{\"\xF0\x9F\x98\x80\":1,\"\xEF\xBC\xA1\":2}"), "{\"\xEF\xBC\xA1\":2,\"\xF0\x9F\x98\x80\":1}");
}

TEST(JsonCanonical, EqualDocumentsGiveEqualBytes) {
  const std::pair<const char*, const char*> equal[] = {{R"({"a":1,"b":2})", " { \"b\" : 2.0 ,\n\"a\": 10e-1 } "},
                                                       {"[0]", "[-0.0]"},
                                                       {"[0]", "[-0]"},
                                                       {"\"\xC3\xBC\"", R"("\u00fc")"},
                                                       {R"("/")", R"("\/")"},
                                                       {"1152921504606846976", "1.152921504606846976e18"},
                                                       {"-9223372036854775808", "-9223372036854775808.0"},
                                                       {"1e21", "1000000000000000000000"},
                                                       {"0.1", "1.0e-1"}};
  for (const auto& [a, b] : equal) EXPECT_EQ(canonical_of(a), canonical_of(b)) << a;
}

TEST(JsonCanonical, DifferentDocumentsGiveDifferentBytes) {
  EXPECT_NE(canonical_of("9007199254740993"), canonical_of("9007199254740992"));
  EXPECT_NE(canonical_of("18446744073709551615"), canonical_of("18446744073709551614"));
  EXPECT_NE(canonical_of("1"), canonical_of("\"1\""));
  EXPECT_NE(canonical_of("0.1"), canonical_of("0.10000000000000002"));
}

TEST(JsonCanonical, WritesNumbersAsRfc8785Does) {
  const std::pair<const char*, const char*> vectors[] = {{"5e-324", "5e-324"},
                                                         {"-5e-324", "-5e-324"},
                                                         {"1.7976931348623157e308", "1.7976931348623157e+308"},
                                                         {"295147905179352830000", "295147905179352830000"},
                                                         {"9.999999999999997e22", "9.999999999999997e+22"},
                                                         {"1e23", "1e+23"},
                                                         {"999999999999999900000", "999999999999999900000"},
                                                         {"1e21", "1e+21"},
                                                         {"9.999999999999997e-7", "9.999999999999997e-7"},
                                                         {"0.000001", "0.000001"},
                                                         {"333333333.33333325", "333333333.33333325"},
                                                         {"0.002", "0.002"},
                                                         {"4.50", "4.5"},
                                                         {"2e-3", "0.002"},
                                                         {"-0.000001234", "-0.000001234"},
                                                         {"1e-7", "1e-7"}};
  for (const auto& [text, expected] : vectors) EXPECT_EQ(canonical_of(text), expected) << text;
}

TEST(JsonCanonical, IsAFixedPoint) {
  for (const auto* text : {R"({"b":[1.5,-2,1e300,"\u0001\u001f\"\\"],"a":null})", "[]", "{}", "0.1", "[true,false]"}) {
    const auto once = canonical_of(text);
    EXPECT_EQ(canonical_of(once), once);
  }
}

TEST(JsonDump, ReadsBackAsTheSameDocument) {
  const auto document =
      read(R"({"a":[1,-2,0.1,1e300,5e-324,18446744073709551615],"b":"\u0000\u001f\"\\/","c":{"d":null}})");
  EXPECT_EQ(read(dump(document)), document);
  EXPECT_EQ(read(dump_pretty(document)), document);
}

TEST(JsonDump, PrettyIndentsByTwo) {
  EXPECT_EQ(dump_pretty(read(R"({"a":[1,{}],"b":2})")), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": 2\n}");
}

TEST(JsonQuote, EscapesWhatJsonWants) {
  EXPECT_EQ(quote(""), "\"\"");
  EXPECT_EQ(quote("a\"b\\c\n\x01/"), R"("a\"b\\c\n\u0001/")");
  EXPECT_EQ(quote("a\0b"s), R"("a\u0000b")");
  EXPECT_EQ(quote("\xC3\xBC"), "\"\xC3\xBC\"");
  EXPECT_EQ(quote("a\xFFz"), "\"a\xEF\xBF\xBDz\"") << "JSON is UTF-8, whatever was sent";
}

TEST(JsonQuote, EscapesEveryControlCharacterWherever) {
  for (char c = 0; c < 0x20; ++c) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(40, 'x');
      text[at] = c;
      const auto quoted = quote(text);
      for (const char written : quoted) ASSERT_GE(written, 0x20) << static_cast<int>(c) << " at " << at;
      const auto back = parse(quoted);
      ASSERT_TRUE(back) << quoted;
      ASSERT_EQ(view(*back), text);
    }
  }
}

TEST(JsonWriter, WritesEveryByteAtEveryPlaceAsRapidJsonDoes) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 0x80; ++c) {
        for (const char neighbour : {'x', '"', '\n'}) {
          std::string text(size, 'x');
          text[at] = static_cast<char>(c);
          text[(at + 1) % size] = size == 1 ? static_cast<char>(c) : neighbour;
          rapidjson::StringBuffer expected;
          rapidjson::Writer<rapidjson::StringBuffer>(expected).String(text.data(),
                                                                      static_cast<rapidjson::SizeType>(size));
          ASSERT_EQ(quote(text), view(expected));
        }
      }
    }
  }
}

TEST(JsonWriter, PutsStringsKeysAndRawText) {
  Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "a");
  put(writer, "x\ny");
  key(writer, "b");
  raw(writer, "[1, 2]");
  writer.EndObject();
  EXPECT_EQ(view(buffer), R"({"a":"x\ny","b":[1, 2]})");
}

}  // namespace
}  // namespace toolrack::base::json
