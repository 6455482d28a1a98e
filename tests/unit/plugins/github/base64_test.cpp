#include "base64.hpp"

#include <gtest/gtest.h>

namespace toolrack::github {
namespace {

TEST(Base64, GoesThereAndBack) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(from_base64("Zm9v\nYmFy\n"), "foobar") << "as GitHub wraps it";
  for (const auto* bad : {"Zm9", "Z", "Zm9v=", "Zm9vYg=a", "Zm!v", "===="})
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
}

TEST(IsText, TakesWellFormedUtf8Only) {
  for (const auto* text : {"", "plain\n", "é", "€", "😀", "\xef\xbf\xbd"}) EXPECT_TRUE(is_text(text)) << text;
  for (const std::string_view bytes :
       {std::string_view("a\0b", 3), std::string_view("\x80"), std::string_view("\xc3"), std::string_view("\xc0\xaf"),
        std::string_view("\xed\xa0\x80"), std::string_view("\xf4\x90\x80\x80"), std::string_view("\xff")})
    EXPECT_FALSE(is_text(bytes));
}

TEST(CutAt, NeverCutsACharacter) {
  const std::string_view text = "a€b";
  EXPECT_EQ(cut_at(text, 5), 5u);
  EXPECT_EQ(cut_at(text, 4), 4u);
  EXPECT_EQ(cut_at(text, 3), 1u);
  EXPECT_EQ(cut_at(text, 2), 1u);
  EXPECT_EQ(cut_at(text, 1), 1u);
  EXPECT_EQ(cut_at(text, 0), 0u);
}

}  // namespace
}  // namespace toolrack::github
