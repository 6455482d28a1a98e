#include "transports/net/headers.hpp"

#include <gtest/gtest.h>

namespace toolrack::net {
namespace {

TEST(Headers, KnowsEachNameInAnyCase) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(HeaderName::kOther); ++i) {
    const auto name = static_cast<HeaderName>(i);
    std::string upper(to_string(name));
    EXPECT_EQ(header_name(upper), name);
    for (auto& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(header_name(upper), name);
  }
  EXPECT_EQ(header_name("X-Other"), HeaderName::kOther);
  EXPECT_EQ(header_name(""), HeaderName::kOther);
  EXPECT_EQ(header_name(std::string(1000, 'a')), HeaderName::kOther);
}

TEST(Headers, KnowsNoNameThatDiffersInOneByte) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(HeaderName::kOther); ++i) {
    const std::string_view right = to_string(static_cast<HeaderName>(i));
    for (std::size_t at = 0; at < right.size(); ++at) {
      for (int c = 0; c < 0x100; ++c) {
        std::string wrong(right);
        wrong[at] = static_cast<char>(c);
        ASSERT_EQ(header_name(wrong) != HeaderName::kOther, equal_ignoring_case(wrong, right)) << wrong;
      }
    }
  }
}

TEST(Headers, TellsAbsentEmptyAndRepeatedApart) {
  Headers headers;
  EXPECT_FALSE(headers.has(HeaderName::kOrigin));
  headers.add("origin", "");
  EXPECT_TRUE(headers.has(HeaderName::kOrigin));
  EXPECT_EQ(headers.get(HeaderName::kOrigin), "");
  EXPECT_FALSE(headers.is_repeated(HeaderName::kOrigin));
  headers.add("ORIGIN", "x");
  EXPECT_TRUE(headers.is_repeated(HeaderName::kOrigin));
  EXPECT_EQ(headers.get(HeaderName::kOrigin), "");
}

TEST(Headers, FindsNamesThatHaveNoIndex) {
  Headers headers;
  headers.add("Mcp-Param-City", "Ulm");
  ASSERT_NE(headers.find("mcp-param-city"), nullptr);
  EXPECT_EQ(headers.find("mcp-param-city")->value, "Ulm");
  EXPECT_EQ(headers.find("mcp-param"), nullptr);
}

TEST(Headers, ForgetsEverythingWhenCleared) {
  Headers headers;
  headers.add("Host", "a");
  headers.add("Host", "a");
  headers.clear();
  EXPECT_FALSE(headers.has(HeaderName::kHost));
  EXPECT_FALSE(headers.is_repeated(HeaderName::kHost));
  EXPECT_TRUE(headers.empty());
}

TEST(Headers, ComparesTokensNotBits) {
  EXPECT_TRUE(equal_ignoring_case("Host", "hOST"));
  EXPECT_FALSE(equal_ignoring_case("a^b", "a~b"));
  EXPECT_FALSE(equal_ignoring_case("a@b", "a`b"));
}

}  // namespace
}  // namespace toolrack::net
