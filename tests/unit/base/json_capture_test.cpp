#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace toolrack::base::json {
namespace {

/// The text that one capture cuts out of `text`.
std::string cut(std::string_view text, std::size_t depth, std::string_view parent, std::string_view key) {
  std::array captures{Capture{depth, parent, key, {}}};
  const auto document = parse(text, {}, captures);
  if (!document) return "error: " + document.error().message();
  const auto found = captures[0].text;
  if (!found.data()) return "not found";
  EXPECT_GE(found.data(), text.data());
  EXPECT_LE(found.data() + found.size(), text.data() + text.size());
  return std::string(found);
}

TEST(JsonCapture, GivesTheExactBytesOfEveryKindOfValue) {
  const std::vector<std::string> values = {"1",
                                           "-0.50e+1",
                                           "12345678901234567890123",
                                           "\"\"",
                                           "\"a\"",
                                           R"("a\"b\\")",
                                           R"("\\\\")",
                                           R"("\u00fc\/")",
                                           "true",
                                           "false",
                                           "null",
                                           "{}",
                                           "[]",
                                           "[ ]",
                                           "{ }",
                                           "[1, [2,\t3 ] ]",
                                           R"("}")",
                                           R"("]\"}")",
                                           "{ \"x\" : { \"y\":[ {} , {\"z\":\"}\"} ] },\n\"w\": 1.0 }",
                                           "\"\xC3\xBC\xF0\x9F\x98\x80\""};
  for (const auto& value : values)
    for (const std::string space : {"", " ", "\n\t "}) {
      EXPECT_EQ(cut("{\"arguments\":" + space + value + space + "}", 1, "", "arguments"), value);
      EXPECT_EQ(cut("{\"a\":0," + space + "\"arguments\"" + space + ":" + space + value + space + ",\"b\":[1]}", 1, "",
                    "arguments"),
                value);
      EXPECT_EQ(cut("{\"params\":" + space + "{\"n\":{}," + "\"arguments\":" + space + value + space + "}}", 2,
                    "params", "arguments"),
                value);
    }
}

TEST(JsonCapture, DoesNotDependOnTheOrderOfMembers) {
  EXPECT_EQ(cut(R"({"params":{"arguments":{"q":1},"name":"x"},"method":"m"})", 2, "params", "arguments"), R"({"q":1})");
  EXPECT_EQ(cut(R"({"method":"m","params":{"name":"x","arguments":{"q":1}}})", 2, "params", "arguments"), R"({"q":1})");
}

TEST(JsonCapture, IsNotMisledByTheSameNameElsewhere) {
  const auto* text =
      R"({"arguments":"root","other":{"arguments":"sibling","params":{"arguments":"deeper"}},)"
      R"("params":{"x":{"arguments":"below","params":1},"y":[{"arguments":"in array"}],"arguments":{"arguments":"own"}}})";
  EXPECT_EQ(cut(text, 2, "params", "arguments"), R"({"arguments":"own"})");
  EXPECT_EQ(cut(text, 1, "", "arguments"), R"("root")");
  EXPECT_EQ(cut(text, 3, "params", "arguments"), R"("deeper")");
  EXPECT_EQ(cut(text, 3, "arguments", "arguments"), R"("own")");
}

TEST(JsonCapture, ComparesNamesAsRead) {
  EXPECT_EQ(cut(R"({"par\u0061ms":{"\u0061rguments":[7]}})", 2, "params", "arguments"), "[7]");
}

TEST(JsonCapture, FindsNothingWhereNothingIs) {
  EXPECT_EQ(cut(R"({"params":{"name":"x"}})", 2, "params", "arguments"), "not found");
  EXPECT_EQ(cut(R"({"params":[{"arguments":1}]})", 2, "params", "arguments"), "not found");
  EXPECT_EQ(cut(R"({"params":[{"arguments":1}]})", 3, "params", "arguments"), "not found");
  EXPECT_EQ(cut(R"({"params":["arguments",1]})", 2, "params", "arguments"), "not found");
  EXPECT_EQ(cut(R"({"params":"arguments"})", 2, "params", "arguments"), "not found");
  EXPECT_EQ(cut("\"arguments\"", 1, "", "arguments"), "not found");
}

TEST(JsonCapture, ElementsOfAnArrayHaveNoName) {
  EXPECT_EQ(cut(R"({"a":[{"k":1}]})", 3, "", "k"), "1");
  EXPECT_EQ(cut(R"({"a":{"b":{"k":1}}})", 3, "", "k"), "not found");
  EXPECT_EQ(cut(R"([{"k":1},{"k":2}])", 2, "", "k"), "1") << "the first of several";
}

TEST(JsonCapture, ServesSeveralAtOnceEvenOneInsideAnother) {
  const std::string text = R"({"id": 7 ,"params": {"name":"n", "arguments":{"a":[1]} } })";
  std::array captures{Capture{1, "", "id", {}}, Capture{1, "", "params", {}}, Capture{2, "params", "arguments", {}},
                      Capture{3, "arguments", "a", {}}, Capture{1, "", "none", {}}};
  ASSERT_TRUE(parse(text, {}, captures));
  EXPECT_EQ(captures[0].text, "7");
  EXPECT_EQ(captures[1].text, R"({"name":"n", "arguments":{"a":[1]} })");
  EXPECT_EQ(captures[2].text, R"({"a":[1]})");
  EXPECT_EQ(captures[3].text, "[1]");
  EXPECT_EQ(captures[4].text.data(), nullptr);
}

TEST(JsonCapture, ForgetsWhatAnEarlierTextLeft) {
  std::array captures{Capture{1, "", "a", "stale"}};
  ASSERT_TRUE(parse("{}", {}, captures));
  EXPECT_EQ(captures[0].text.data(), nullptr);
}

}  // namespace
}  // namespace toolrack::base::json
