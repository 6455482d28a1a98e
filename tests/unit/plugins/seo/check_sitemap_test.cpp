#include "unit/plugins/seo/bodies.hpp"
#include "unit/plugins/seo/skill_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::seo::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kXml = "application/xml";

std::string urlset(const std::vector<std::string>& urls) {
  std::string out = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>";
  for (const std::string& url : urls) out += "<url><loc>" + url + "</loc></url>";
  return out + "</urlset>";
}

std::string index_of(const std::vector<std::string>& urls) {
  std::string out = "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>";
  for (const std::string& url : urls) out += "<sitemap><loc>" + url + "</loc></sitemap>";
  return out + "</sitemapindex>";
}

TEST(CheckSitemap, FollowsRobotsTxtToAnIndexAndItsCompressedParts) {
  SkillHost seo;
  seo.serve("https://a.example/robots.txt", 200, "Sitemap: https://a.example/index.xml\n", "text/plain");
  seo.serve("https://a.example/index.xml", 200, index_of({"https://a.example/1.xml.gz", "https://a.example/2.xml"}),
            kXml);
  seo.serve("https://a.example/1.xml.gz", 200, gzip(urlset({"https://a.example/a", "https://a.example/b"})),
            "application/gzip");
  seo.serve("https://a.example/2.xml", 200, urlset({"https://a.example/c", "https://a.example/gone"}), kXml);
  seo.serve("https://a.example/a", 200, "ok");
  seo.redirect("https://a.example/b", 301, "/b2");
  seo.serve("https://a.example/c", 200, "ok");
  seo.serve("https://a.example/gone", 410, "gone");
  seo.run("check_sitemap", R"({"url":"https://a.example"})");
  ASSERT_TRUE(seo.outcome().ok()) << seo.outcome().message;
  EXPECT_EQ(seo.at("/found_by"), R"("robots.txt")");
  EXPECT_EQ(seo.at("/urls"), "4");
  EXPECT_EQ(seo.at("/sitemaps_listed"), "3");
  EXPECT_EQ(seo.at("/sitemaps_read"), "3");
  EXPECT_EQ(seo.at("/sitemaps/0/kind"), R"("index")");
  EXPECT_EQ(seo.at("/sitemaps/1/compressed"), "true");
  EXPECT_EQ(seo.at("/samples/1"), R"({"url":"https://a.example/b","status":301,"location":"/b2"})");
  EXPECT_THAT(seo.issues(), ElementsAre("sitemap.url_broken", "sitemap.url_redirects"));
  EXPECT_EQ(seo.at("/valid"), "false");
}

TEST(CheckSitemap, ReadsNoMoreFilesThanAsked) {
  SkillHost seo;
  std::vector<std::string> children;
  for (int i = 0; i < 20; ++i) children.push_back("https://a.example/s" + std::to_string(i) + ".xml");
  seo.serve("https://a.example/sitemap.xml", 200, index_of(children), kXml);
  seo.serve("https://a.example/s*", 200, urlset({"https://a.example/"}), kXml);
  seo.run("check_sitemap", R"({"url":"https://a.example/sitemap.xml","max_sitemaps":4,"sample":0})");
  EXPECT_EQ(seo.at("/sitemaps_read"), "4");
  EXPECT_EQ(seo.at("/sitemaps_listed"), "21");
  EXPECT_EQ(seo.host().requests().size(), 4U);
  EXPECT_THAT(seo.issues(), IsEmpty());
}

TEST(CheckSitemap, DoesNotGoInCirclesOrDeeperThanOneIndex) {
  SkillHost seo;
  seo.serve("https://a.example/sitemap.xml", 200,
            index_of({"https://a.example/sitemap.xml", "https://a.example/inner.xml", "https://a.example/inner.xml"}),
            kXml);
  seo.serve("https://a.example/inner.xml", 200, index_of({"https://a.example/deep.xml"}), kXml);
  seo.run("check_sitemap", R"({"url":"https://a.example/sitemap.xml","sample":0})");
  EXPECT_THAT(seo.issues(), ElementsAre("sitemap.nested_index", "sitemap.duplicate"));
  EXPECT_THAT(seo.requested_urls(), ElementsAre("https://a.example/sitemap.xml", "https://a.example/inner.xml"));
}

TEST(CheckSitemap, TriesTheUsualPlaceAndSaysWhenThereIsNothing) {
  SkillHost seo;
  seo.serve("https://a.example/robots.txt", 404, "");
  seo.serve("https://a.example/sitemap.xml", 404, "");
  seo.run("check_sitemap", R"({"url":"https://a.example/"})");
  ASSERT_TRUE(seo.outcome().ok());
  EXPECT_EQ(seo.at("/found_by"), R"("usual place")");
  EXPECT_THAT(seo.issues(), ElementsAre("sitemap.not_found"));
}

TEST(CheckSitemap, ReportsMissingPartsAndFailsOnAnUnreachableStart) {
  SkillHost seo;
  seo.serve("https://a.example/index.xml", 200, index_of({"https://a.example/gone.xml", "https://down.example/x.xml"}),
            kXml);
  seo.serve("https://a.example/gone.xml", 404, "");
  seo.host().on_http("GET", "https://down.example/x.xml",
                     sdk::FakeReply::failure(TR_UNAVAILABLE, "dns", "No such host").body_for(""));
  seo.run("check_sitemap", R"({"url":"https://a.example/index.xml","sample":0})");
  EXPECT_THAT(seo.issues(), ElementsAre("sitemap.unreachable", "sitemap.other_host"));
  EXPECT_EQ(seo.at("/issues/0/count"), "2");
  EXPECT_THAT(seo.at("/issues/0/evidence"), HasSubstr("gone.xml answers 404"));

  seo.host().on_http("GET", "https://gone.example/s.xml",
                     sdk::FakeReply::failure(TR_UNAVAILABLE, "dns", "No such host"));
  seo.run("check_sitemap", R"({"url":"https://gone.example/s.xml"})");
  EXPECT_EQ(seo.outcome().status, TR_UNAVAILABLE);
  EXPECT_THAT(seo.outcome().message, HasSubstr("https://gone.example/s.xml"));
}

TEST(CheckSitemap, SurvivesDamageAndBombs) {
  SkillHost seo;
  const std::string packed = gzip(urlset({"https://a.example/1", "https://a.example/2"}));
  seo.serve("https://a.example/half.gz", 200, packed.substr(0, packed.size() / 2), "application/gzip");
  seo.run("check_sitemap", R"({"url":"https://a.example/half.gz","sample":0})");
  EXPECT_THAT(seo.issues(), Contains("sitemap.damaged_gzip"));

  seo.serve("https://a.example/bomb.gz", 200, gzip(urlset({}) + std::string(60 << 20, ' ')), "application/gzip");
  seo.run("check_sitemap", R"({"url":"https://a.example/bomb.gz","sample":0})");
  EXPECT_THAT(seo.issues(), Contains("sitemap.too_large"));
  EXPECT_EQ(seo.at("/sitemaps/0/truncated"), "true");
}

}  // namespace
}  // namespace toolrack::seo::testing
