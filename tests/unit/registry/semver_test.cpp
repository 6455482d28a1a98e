#include "registry/semver.hpp"

#include <gtest/gtest.h>

namespace toolrack::registry {
namespace {

Semver version(std::string_view text) {
  const auto parsed = Semver::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Semver());
}

TEST(Semver, OrdersAsTheStandardSays) {
  // From semver.org, item 11, and beyond.
  const char* ascending[] = {
      "0.0.1",      "0.9.0",        "1.0.0-0",       "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
      "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",  "1.0.0",         "1.0.1",
      "1.2.0",      "1.10.0",       "2.0.0-rc.1",    "2.0.0"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(version(ascending[i]) <=> version(ascending[j]), i <=> j) << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Semver, GivesBuildMetadataNoRank) { EXPECT_EQ(version("1.0.0+a"), version("1.0.0+b.7")); }

TEST(Semver, ComparesNumbersBeyond64BitsInPreReleases) {
  EXPECT_LT(version("1.0.0-99999999999999999999"), version("1.0.0-100000000000000000000"));
}

TEST(Semver, TellsStableFromPreRelease) {
  EXPECT_TRUE(version("1.0.0+exp").is_stable());
  EXPECT_FALSE(version("1.0.0-exp").is_stable());
}

TEST(Semver, RefusesWhatIsNoVersion) {
  for (const auto* text : {"",           "1",        "1.0",        "1.0.0.0",  "v1.0.0",   "01.0.0",
                           "1.00.0",     "1.0.0-",   "1.0.0-a..b", "1.0.0-01", "1.0.0-a.", "1.0.0+",
                           "1.0.0+a..b", "1.0.0-ä",  " 1.0.0",     "1.0.0 ",   "-1.0.0",   "99999999999999999999.0.0",
                           "1..0",       "1.0.0-a_b"}) {
    EXPECT_FALSE(Semver::parse(text)) << text;
  }
}

}  // namespace
}  // namespace toolrack::registry
