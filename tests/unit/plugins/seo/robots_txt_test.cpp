#include "analysis/robots_txt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/analysis.hpp"

namespace toolrack::seo {
namespace {

using ::testing::ElementsAre;

bool allows(std::string_view text, std::string_view agent, std::string_view path) {
  return RobotsTxt::parse(text).check(agent, path).is_allowed;
}

TEST(RobotsPattern, MatchesPrefixesStarsAndEnds) {
  const struct {
    const char *pattern, *path;
    bool matches;
  } kRows[] = {
      {"/", "/", true},
      {"/", "/a", true},
      {"/fish", "/fish.html", true},
      {"/fish", "/Fish", false},
      {"/fish", "/catfish", false},
      {"/fish*", "/fish", true},
      {"/fish/", "/fish", false},
      {"/*.php", "/a/index.php?x", true},
      {"/*.php", "/windows.PHP", false},
      {"/*.php$", "/a.php", true},
      {"/*.php$", "/a.php?x", false},
      {"/*.php$", "/a.php.php", true},
      {"/fish*.php", "/fishheads/catfish.php?x", true},
      {"/fish*.php", "/Fish.PHP", false},
      {"/a$", "/a", true},
      {"/a$", "/ab", false},
      {"/a*$", "/abc", true},
      {"*", "/x", true},
      {"*.gif$", "/x.gif", true},
      {"/a**b", "/axxb", true},
      {"/a*b*c$", "/abcbc", true},
      {"/a*b*c$", "/abcb", false},
      {"/*a*a$", "/a", false},
      {"/$", "/", true},
      {"/$", "/a", false},
      {"/a$b", "/a$bc", true},
      {"", "/x", true},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(robots_pattern_matches(row.pattern, row.path), row.matches) << row.pattern << " on " << row.path;
  }
}

TEST(RobotsPattern, IsNotSlowedDownByStars) {
  std::string pattern;
  for (int i = 0; i < 10'000; ++i) pattern += "*a";
  EXPECT_FALSE(robots_pattern_matches("/" + pattern + "b$", "/" + std::string(20'000, 'a')));
}

TEST(RobotsTxt, LetsTheLongestRuleDecideAndAllowWinTies) {
  const char* const text = "User-agent: *\nDisallow: /\nAllow: /p\nDisallow: /page\nAllow: /page\n";
  EXPECT_TRUE(allows(text, "bot", "/page"));
  EXPECT_FALSE(allows(text, "bot", "/x"));
  const RobotsVerdict verdict = RobotsTxt::parse(text).check("bot", "/x");
  EXPECT_EQ(verdict.rule, "Disallow: /");
  EXPECT_EQ(verdict.line, 2U);
  EXPECT_EQ(verdict.group, "*");
}

TEST(RobotsTxt, ChoosesTheOwnGroupOverTheCommonOneAndJoinsItsParts) {
  const char* const text =
      "User-agent: a\nUser-agent: Foo/1.2 (x)\nDisallow: /one\n\nUser-agent: *\nDisallow: "
      "/\n\nuser-agent:FOO\nDisallow: /two\n";
  EXPECT_FALSE(allows(text, "foo", "/one"));
  EXPECT_FALSE(allows(text, "Foo", "/two"));
  EXPECT_TRUE(allows(text, "foo", "/three"));
  EXPECT_FALSE(allows(text, "foobar", "/three"));
  EXPECT_FALSE(allows(text, "", "/three"));
}

TEST(RobotsTxt, ReadsWhateverLineEndsAndSpaces) {
  EXPECT_FALSE(allows("\xEF\xBB\xBFUser-agent:*\rDisallow :/a # why\r\r", "x", "/a"));
  EXPECT_FALSE(allows("  User-Agent  :  *  \r\n\tDISALLOW:\t/a\t\r\n", "x", "/a"));
  EXPECT_TRUE(allows("User-agent: *\nDisallow:\n", "x", "/a"));
  EXPECT_TRUE(allows("Disallow: /\nUser-agent: *\n", "x", "/a")) << "rules of no group";
  EXPECT_FALSE(allows("User-agent: *\nCrawl-delay: 5\nSitemap: /s\nDissallow: /a\n", "x", "/a"));
}

TEST(RobotsTxt, ComparesEscapesAsWhatTheyStandFor) {
  EXPECT_FALSE(allows("User-agent: *\nDisallow: /\xC3\xBC\n", "x", "/%c3%bc"));
  EXPECT_FALSE(allows("User-agent: *\nDisallow: /%7euser\n", "x", "/~user"));
  EXPECT_FALSE(allows("User-agent: *\nDisallow: /a%2fb\n", "x", "/a%2Fb"));
  EXPECT_TRUE(allows("User-agent: *\nDisallow: /a%2Fb\n", "x", "/a/b"));
}

TEST(RobotsTxt, AlwaysAllowsItself) { EXPECT_TRUE(allows("User-agent: *\nDisallow: /\n", "x", "/robots.txt")); }

TEST(RobotsTxt, ReadsFiveHundredKibibytesAndNoHalfLine) {
  std::string text = "User-agent: *\n";
  while (text.size() < RobotsTxt::kMaxBytes - 6) text += "#\n";
  text += "Disallow: /never\nDisallow: /\n";
  const RobotsTxt robots = RobotsTxt::parse(text);
  EXPECT_TRUE(robots.is_cut());
  EXPECT_TRUE(robots.check("x", "/never").is_allowed);
}

TEST(RobotsTxt, CollectsSitemapsAndCountsWhatMeansNothing) {
  const RobotsTxt robots =
      RobotsTxt::parse("Sitemap: https://a/1\nhello\nfoo: bar\n# fine\nSITEMAP:https://a/2 # two\n");
  EXPECT_THAT(robots.sitemaps(), ElementsAre("https://a/1", "https://a/2"));
  EXPECT_EQ(robots.unknown_lines(), 2U);
}

TEST(RobotsTxt, SurvivesBytesThatAreNoText) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 7);
  RobotsTxt::parse(bytes).check("x", "/a");
  RobotsTxt::parse("\x1F\x8B\x08");
}

TEST(ProductToken, IsTheCrawlersNameInAUserAgent) {
  EXPECT_EQ(product_token("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), "googlebot");
  EXPECT_EQ(product_token("Googlebot-Image/1.0"), "googlebot-image");
  EXPECT_EQ(product_token("curl/8"), "curl");
  EXPECT_EQ(product_token("***"), "");
}

TEST(RobotsVerdict, FollowsTheStatus) {
  const auto page = *parse_url("https://a.example/x");
  const auto verdict = [&](int status) {
    return judge_robots("https://a.example/robots.txt", status, "User-agent: *\nDisallow: /x\n", {}, "bot", page)
        .verdict;
  };
  EXPECT_FALSE(verdict(200).is_allowed);
  EXPECT_TRUE(verdict(404).is_allowed);
  EXPECT_TRUE(verdict(403).is_allowed);
  EXPECT_FALSE(verdict(500).is_allowed);
  EXPECT_FALSE(verdict(0).is_allowed);
}

}  // namespace
}  // namespace toolrack::seo
