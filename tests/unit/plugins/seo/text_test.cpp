#include "analysis/text.hpp"

#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

std::string repaired(std::string_view bytes) {
  std::size_t replaced = 0;
  return to_valid_utf8(bytes, replaced);
}

TEST(Text, ReplacesEachMaximalSubpartOnce) {
  EXPECT_EQ(repaired("a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(repaired("\xF0\x9F\x8D"), "\xEF\xBF\xBD");
  EXPECT_EQ(repaired("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(repaired("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(repaired("\xF0\x9F\x8D\x9E \xC3\xA9"), "\xF0\x9F\x8D\x9E \xC3\xA9");
  EXPECT_EQ(repaired(std::string_view("a\0b", 3)), "ab");
}

TEST(Text, ShortensByCodePointsAndNeverInsideOne) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdefg", 6), "abcde\xE2\x80\xA6");
  const std::string bread = "\xF0\x9F\x8D\x9E";
  EXPECT_EQ(shorten(bread + bread + bread, 3), bread + bread + bread);
  EXPECT_EQ(shorten(bread + bread + bread + bread, 3), bread + bread + "\xE2\x80\xA6");
  EXPECT_EQ(shorten("\xC3\xA9\xC3\xA9\xC3\xA9", 2), "\xC3\xA9\xE2\x80\xA6");
}

TEST(Text, CollapsesSpaceAsReadersSeeIt) {
  EXPECT_EQ(collapse_space("  a \n\t b\xC2\xA0 c "), "a b c");
  EXPECT_EQ(collapse_space(" \xC2\xA0 "), "");
}

TEST(Text, SplitsIntoPiecesAndTokens) {
  std::string_view rest = "a,,b,";
  std::string_view piece;
  std::string seen;
  while (next_piece(rest, ',', piece)) seen += "[" + std::string(piece) + "]";
  EXPECT_EQ(seen, "[a][][b][]");
  EXPECT_TRUE(has_token(" NoFollow  ugc", "nofollow"));
  EXPECT_FALSE(has_token("nofollows", "nofollow"));
  EXPECT_FALSE(has_token("", ""));
}

}  // namespace
}  // namespace toolrack::seo
