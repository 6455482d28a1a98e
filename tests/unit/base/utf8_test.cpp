#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace toolrack::base {
namespace {

std::string encode(char32_t c) {
  std::string out;
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 63));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 63)), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
  }
  return out;
}

TEST(Utf8, AcceptsEveryScalarValueAndNoSurrogate) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
    ASSERT_EQ(is_utf8(encode(c)), !is_surrogate) << std::hex << static_cast<unsigned>(c);
  }
  EXPECT_FALSE(is_utf8(encode(0x110000)));
}

TEST(Utf8, AcceptsNoSequenceOfThreeBytesThatEncodingCannotMake) {
  // All of two bytes, and all of three with an interesting lead: what is accepted must be made of scalar values.
  for (unsigned a = 0x80; a < 0x100; ++a)
    for (unsigned b = 0; b < 0x100; ++b) {
      const char two[] = {static_cast<char>(a), static_cast<char>(b)};
      const bool is_pair = a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF;
      ASSERT_EQ(is_utf8({two, 2}), is_pair) << a << ' ' << b;
      const char three[] = {two[0], two[1], '\x80'};
      const bool is_triple =
          a >= 0xE0 && a <= 0xEF && b >= (a == 0xE0 ? 0xA0u : 0x80u) && b <= (a == 0xED ? 0x9Fu : 0xBFu);
      ASSERT_EQ(is_utf8({three, 3}), is_triple) << a << ' ' << b;
      const char four[] = {two[0], two[1], '\x80', '\x80'};
      const bool is_four =
          a >= 0xF0 && a <= 0xF4 && b >= (a == 0xF0 ? 0x90u : 0x80u) && b <= (a == 0xF4 ? 0x8Fu : 0xBFu);
      ASSERT_EQ(is_utf8({four, 4}), is_four) << a << ' ' << b;
    }
}

TEST(Utf8, FindsTheFirstBadByteAtEveryAlignment) {
  for (std::size_t size = 0; size < 40; ++size)
    for (std::size_t bad = 0; bad < size; ++bad) {
      std::string text(size, 'a');
      text[bad] = '\xFF';
      ASSERT_EQ(find_invalid_utf8(text), bad);
    }
}

TEST(Utf8, RefusesSequencesThatTheTextCutsOff) {
  const std::string text = "abc\xF0\x9F\x98\x80";
  EXPECT_TRUE(is_utf8(text));
  for (std::size_t size = 4; size < text.size(); ++size) EXPECT_EQ(find_invalid_utf8(text.substr(0, size)), 3u);
}

TEST(Utf8, AcceptsEmptyTextAndZeroBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

TEST(TruncateUtf8, NeverCutsASequence) {
  const std::string text = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80z";  // One, two, three, four bytes, one.
  const std::size_t lengths[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
  for (std::size_t i = 0; i < std::size(lengths); ++i) {
    const auto cut = truncate_utf8(text, i);
    EXPECT_EQ(cut.size(), lengths[i]) << i;
    EXPECT_TRUE(is_utf8(cut));
    EXPECT_EQ(cut, text.substr(0, cut.size()));
  }
}

TEST(Utf8, ReplacesEachByteThatBelongsToNoSequence) {
  EXPECT_EQ(replace_invalid_utf8("a\xC3\xBC"), "a\xC3\xBC");
  EXPECT_EQ(replace_invalid_utf8("a\xFF\xC3\xBC\xC3"), "a\xEF\xBF\xBD\xC3\xBC\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "half of a pair";
  EXPECT_EQ(replace_invalid_utf8(""), "");
}

}  // namespace
}  // namespace toolrack::base
