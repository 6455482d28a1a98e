#include "unit/plugins/seo/skill_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::seo::testing {
namespace {

using ::testing::HasSubstr;

TEST(KeywordDensity, CountsAText) {
  SkillHost seo;
  seo.run("keyword_density",
          R"({"text":"Fresh coffee beans. We roast coffee beans every morning; coffee beans need rest.","top":3})");
  ASSERT_TRUE(seo.outcome().ok()) << seo.outcome().message;
  EXPECT_EQ(seo.at("/source"), R"("text")");
  EXPECT_EQ(seo.at("/words"), "13");
  EXPECT_EQ(
      seo.at("/keywords/two_words"),
      R"([{"phrase":"coffee beans","count":3,"density":46.15,"in_title":false,"in_h1":false,"in_description":false,"in_url":false}])");
  EXPECT_EQ(seo.at("/keywords/one_word/3"), "(absent)");
  EXPECT_TRUE(seo.host().requests().empty());
}

TEST(KeywordDensity, ReadsAPageInItsOwnEncodingAndPlaces) {
  SkillHost seo;
  seo.redirect("https://a.example/", 301, "/m%C3%B6bel-nach-ma%C3%9F");
  seo.serve("https://a.example/m%C3%B6bel-nach-ma%C3%9F", 200,
            "<html lang=de><title>M\xF6"
            "bel</title><h1>M\xF6"
            "bel nach Ma\xDF</h1><script>m\xF6"
            "bel m\xF6"
            "bel</script><p>M\xF6"
            "bel nach Ma\xDF</p>",
            "text/html; charset=iso-8859-1");
  seo.run("keyword_density", R"({"url":"https://a.example/","phrases":["möbel nach maß","Stuhl"]})");
  ASSERT_TRUE(seo.outcome().ok()) << seo.outcome().message;
  EXPECT_EQ(seo.at("/language"), R"("de")");
  EXPECT_EQ(seo.at("/phrases/0/count"), "2");
  EXPECT_EQ(seo.at("/phrases/0/in_h1"), "true");
  EXPECT_EQ(seo.at("/phrases/0/in_title"), "false");
  EXPECT_EQ(seo.at("/phrases/0/in_url"), "true");
  EXPECT_EQ(seo.at("/phrases/1/count"), "0");
  EXPECT_EQ(seo.at("/keywords/one_word/0/phrase"), "\"möbel\"");
  EXPECT_EQ(seo.at("/url"), R"("https://a.example/m%C3%B6bel-nach-ma%C3%9F")");
}

TEST(KeywordDensity, TakesMarkup) {
  SkillHost seo;
  seo.run("keyword_density",
          R"({"html":"<title>bread</title><body><p>bread <b>and</b> bread<style>bread{}</style>","language":"en"})");
  ASSERT_TRUE(seo.outcome().ok());
  EXPECT_EQ(seo.at("/keywords/one_word/0/count"), "2");
  EXPECT_EQ(seo.at("/keywords/one_word/0/in_title"), "true");
  EXPECT_EQ(seo.at("/keywords/one_word/0/in_url"), "false");
  EXPECT_EQ(seo.at("/url"), "(absent)");
}

TEST(KeywordDensity, RefusesNoSourceTwoSourcesAndErrorPages) {
  SkillHost seo;
  seo.run("keyword_density", "{}");
  EXPECT_EQ(seo.outcome().code, "seo.one_source");
  seo.run("keyword_density", R"({"text":"a","html":"b"})");
  EXPECT_EQ(seo.outcome().status, TR_INVALID_ARGUMENT);
  seo.serve("https://a.example/", 404, "gone");
  seo.run("keyword_density", R"({"url":"https://a.example/"})");
  EXPECT_EQ(seo.outcome().status, TR_TOOL_ERROR);
  EXPECT_THAT(seo.outcome().message, HasSubstr("https://a.example/ answers 404"));
}

}  // namespace
}  // namespace toolrack::seo::testing
