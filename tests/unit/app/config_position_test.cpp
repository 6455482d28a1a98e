#include "app/config_position.hpp"

#include <gtest/gtest.h>

namespace toolrack::app {
namespace {

constexpr std::string_view kText = R"(// A remark.
{
  "a": 1,
  "list": [
    {"x": true},
    {
      "y": null,
      "z/~": [
        1.5
      ]
    }
  ],
  "b": "text",
}
)";

TEST(LineOf, FindsWhatAPointerNames) {
  EXPECT_EQ(line_of(kText, ""), 2u);
  EXPECT_EQ(line_of(kText, "/a"), 3u);
  EXPECT_EQ(line_of(kText, "/list"), 4u);
  EXPECT_EQ(line_of(kText, "/list/0"), 5u);
  EXPECT_EQ(line_of(kText, "/list/0/x"), 5u);
  EXPECT_EQ(line_of(kText, "/list/1"), 6u);
  EXPECT_EQ(line_of(kText, "/list/1/y"), 7u);
  EXPECT_EQ(line_of(kText, "/list/1/z~1~0/0"), 9u) << "names with / and ~ are escaped";
  EXPECT_EQ(line_of(kText, "/b"), 13u);
}

TEST(LineOf, FindsTheNearestParentOfWhatIsNotThere) {
  EXPECT_EQ(line_of(kText, "/none"), 2u);
  EXPECT_EQ(line_of(kText, "/list/7"), 4u);
  EXPECT_EQ(line_of(kText, "/list/1/none/deeper"), 6u);
  EXPECT_EQ(line_of(kText, "/lis"), 2u) << "a part of a name is another name";
  EXPECT_EQ(line_of(kText, "/list/10"), 4u);
}

TEST(LineOfRepeatedName, FindsTheSecondOne) {
  EXPECT_EQ(line_of_repeated_name(kText), 0u);
  EXPECT_EQ(line_of_repeated_name("{\"a\": 1,\n\"b\": {\"a\": 2},\n// remark\n\"a\": 3}"), 4u);
  EXPECT_EQ(line_of_repeated_name("[{\"a\": 1}, {\"a\": 1},\n{\"a\": 1,\n\"a\": 1}]"), 3u);
}

TEST(LineOf, FindsTheFirstLineOfNothing) {
  EXPECT_EQ(line_of("", "/a"), 1u);
  EXPECT_EQ(line_of("\n\n5", ""), 3u);
}

}  // namespace
}  // namespace toolrack::app
