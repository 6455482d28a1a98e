#include "base/http_token.hpp"

#include <gtest/gtest.h>

namespace toolrack::base {
namespace {

TEST(HttpToken, HasTheCharactersOfTheStandard) {
  constexpr std::string_view kAll = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  static_assert(is_http_token(kAll));
  for (int c = 0; c < 256; ++c) {
    const auto one = static_cast<char>(c);
    EXPECT_EQ(is_http_token_character(one), kAll.find(one) != std::string_view::npos) << c;
  }
  EXPECT_FALSE(is_http_token(""));
  EXPECT_FALSE(is_http_token("a b"));
  EXPECT_FALSE(is_http_token("X: 1\r\nEvil"));
}

}  // namespace
}  // namespace toolrack::base
