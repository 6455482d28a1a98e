#include "analysis/language.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

using ::testing::HasSubstr;

TEST(Hreflang, AcceptsLanguagesScriptsAndRegions) {
  for (const char* const good :
       {"en", "EN-gb", "zh-Hant", "zh-hant-hk", "es-419", "x-default", "X-Default", "sr-Latn-RS"}) {
    EXPECT_EQ(hreflang_problem(good), "") << good;
  }
}

TEST(Hreflang, SaysWhatWasProbablyMeant) {
  EXPECT_THAT(hreflang_problem("en-UK"), HasSubstr("\"GB\""));
  EXPECT_THAT(hreflang_problem("jp"), HasSubstr("\"ja\""));
  EXPECT_THAT(hreflang_problem("en_US"), HasSubstr("hyphen"));
  for (const char* const bad : {"", "e", "eng", "en-", "en-EU-x", "en-XX", "-de", "de-DE-1996", "english", "en-us-"}) {
    EXPECT_NE(hreflang_problem(bad), "") << bad;
  }
}

TEST(LanguageTag, TakesWellFormedOnesWithKnownLanguages) {
  for (const char* const good : {"en", "pt-BR", "zh-Hant-TW", "haw", "x-klingon", "i-default", "de-DE-u-co-phonebk"}) {
    EXPECT_TRUE(is_language_tag(good)) << good;
  }
  for (const char* const bad : {"", "en_US", "english language", "xx", "e", "de-", "-de", "toolonglanguage"}) {
    EXPECT_FALSE(is_language_tag(bad)) << bad;
  }
}

}  // namespace
}  // namespace toolrack::seo
