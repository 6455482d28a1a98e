#include "base/shown_text.hpp"

#include <gtest/gtest.h>

namespace toolrack::base {
namespace {

TEST(ShownText, IsInQuotesAndEscaped) {
  EXPECT_EQ(shown("plain"), R"("plain")");
  EXPECT_EQ(shown(""), R"("")");
  EXPECT_EQ(shown("a\"b\n\x1b[31m"), R"("a\"b\n\u001B[31m")");
}

TEST(ShownText, IsBounded) {
  EXPECT_EQ(shown("abcd", 4), R"("abcd")");
  EXPECT_EQ(shown("abcde", 4), R"("abcd…")");
  EXPECT_LT(shown(std::string(1'000'000, 'a')).size(), 100u);
}

TEST(ShownText, CutsNoCharacterInTwo) {
  EXPECT_EQ(shown("aää", 4), R"("aä…")");
  EXPECT_EQ(shown("😀😀", 7), R"("😀…")");
}

TEST(ShownText, RepairsWhatIsNoUtf8) {
  EXPECT_EQ(shown("a\xff"), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(shown("abcd\xff", 4), R"("abcd…")");
}

}  // namespace
}  // namespace toolrack::base
