#include "analysis/sitemap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kNow = 1'717'000'000;  // 2024-05-29.

struct Read {
  SitemapDocument document;
  Issues issues;
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const Issue& issue : issues.sorted()) out.emplace_back(issue.kind->id);
    return out;
  }
};

Read read(std::string_view bytes, std::size_t samples = 0, bool is_cut = false) {
  Read out;
  SitemapOptions options;
  options.now_unix_seconds = kNow;
  options.samples = samples;
  options.is_cut = is_cut;
  out.document = read_sitemap(bytes, *parse_url("https://a.example/sitemap.xml"), options, out.issues);
  return out;
}

std::string urlset(std::string_view entries) {
  return R"(<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")"
         R"( xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:xhtml="http://www.w3.org/1999/xhtml">)" +
         std::string(entries) + "</urlset>";
}

TEST(Sitemap, ReadsAUrlSetAndLeavesForeignElementsAlone) {
  const Read got = read(
      urlset(
          R"(<url><loc> https://a.example/1?a=1&amp;b=2 </loc><lastmod>2024-05-01</lastmod><changefreq>daily</changefreq>)"
          R"(<priority>0.8</priority><image:image><image:loc>https://cdn.example/i.jpg</image:loc></image:image>)"
          R"(<xhtml:link rel="alternate" hreflang="de" href="https://a.example/de"/></url>)"
          R"(<url><loc><![CDATA[https://a.example/2]]></loc><lastmod>2024-05-02T10:00:00+02:00</lastmod></url>)"),
      10);
  EXPECT_THAT(got.ids(), IsEmpty());
  EXPECT_EQ(got.document.kind, SitemapKind::kUrlSet);
  EXPECT_EQ(got.document.entries, 2U);
  EXPECT_EQ(got.document.with_lastmod, 2U);
  EXPECT_EQ(got.document.newest_lastmod, "2024-05-02T10:00:00+02:00");
  EXPECT_THAT(got.document.samples, ElementsAre("https://a.example/1?a=1&b=2", "https://a.example/2"));
}

TEST(Sitemap, FindsWhatIsWrongWithEntries) {
  const Read got =
      read(urlset("<url><loc>https://a.example/1</loc><priority>2</priority><changefreq>often</changefreq></url>"
                  "<url><loc>https://a.example/1#x</loc><lastmod>01.02.2024</lastmod></url>"
                  "<url><loc>http://a.example/2</loc><lastmod>2031-01-01</lastmod></url>"
                  "<url><loc>https://b.example/3</loc></url><url><loc>/relative</loc></url>"
                  "<url><lastmod>2024-01-01</lastmod></url><url><loc>https://a.example/" +
                  std::string(2100, 'x') + "</loc></url>"));
  EXPECT_THAT(got.ids(),
              ElementsAre("sitemap.loc_invalid", "sitemap.loc_missing", "sitemap.other_host", "sitemap.not_https",
                          "sitemap.duplicate", "sitemap.lastmod_invalid", "sitemap.changefreq_invalid",
                          "sitemap.lastmod_future", "sitemap.priority_invalid"));
}

TEST(Sitemap, ListsTheChildrenOfAnIndex) {
  const Read got = read(
      "<sitemapindex "
      "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>https://a.example/1.xml.gz</loc></sitemap>"
      "<sitemap><loc>https://a.example/2.xml</loc></sitemap></sitemapindex>");
  EXPECT_EQ(got.document.kind, SitemapKind::kIndex);
  EXPECT_THAT(got.document.children, ElementsAre("https://a.example/1.xml.gz", "https://a.example/2.xml"));
  EXPECT_THAT(got.ids(), IsEmpty());
}

TEST(Sitemap, ReadsPlainLists) {
  const Read got = read("https://a.example/1\r\nhttps://a.example/2\r\n\r\nnonsense\n");
  EXPECT_EQ(got.document.kind, SitemapKind::kText);
  EXPECT_EQ(got.document.entries, 3U);
  EXPECT_THAT(got.ids(), ElementsAre("sitemap.loc_invalid"));
}

TEST(Sitemap, RefusesWhatIsNone) {
  EXPECT_THAT(read("<html><body>404</body></html>").ids(), ElementsAre("sitemap.not_a_sitemap"));
  EXPECT_THAT(read("").ids(), ElementsAre("sitemap.invalid_xml"));
  EXPECT_THAT(read("not XML").ids(), ElementsAre("sitemap.invalid_xml"));
  EXPECT_THAT(read("<urlset><url><loc>https://a.example/?a&b</loc></url></urlset>").ids(),
              ElementsAre("sitemap.invalid_xml", "sitemap.wrong_namespace"));
  EXPECT_THAT(read(urlset("")).ids(), ElementsAre("sitemap.empty"));
  EXPECT_THAT(read("\n\n" + urlset("<url><loc>https://a.example/</loc></url>")).ids(), IsEmpty());
}

TEST(Sitemap, RefusesEntitiesBeforeTheyGrow) {
  std::string bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">";
  for (char c = 'b'; c <= 'j'; ++c) {
    bomb += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) bomb += std::string("&") + static_cast<char>(c - 1) + ";";
    bomb += "\">";
  }
  const Read got = read(bomb + "]><urlset><url><loc>&j;</loc></url></urlset>");
  EXPECT_THAT(got.ids(), ElementsAre("sitemap.invalid_xml"));
  EXPECT_EQ(got.issues.sorted()[0].evidence.substr(0, 20), "it declares entities");
  EXPECT_THAT(read("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><urlset>&f;</urlset>").ids(),
              ElementsAre("sitemap.invalid_xml"));
}

TEST(Sitemap, ForgivesTheEndOfACutFile) {
  const std::string whole =
      urlset("<url><loc>https://a.example/1</loc></url><url><loc>https://a.example/2</loc></url>");
  const Read got = read(std::string_view(whole).substr(0, whole.size() - 20), 0, true);
  EXPECT_THAT(got.ids(), IsEmpty());
  EXPECT_EQ(got.document.entries, 1U);
}

TEST(Sitemap, CountsBeyondTheLimitAndSamplesEvenly) {
  std::string entries;
  for (int i = 0; i < 50'001; ++i) entries += "<url><loc>https://a.example/" + std::to_string(i) + "</loc></url>";
  const Read got = read(urlset(entries), 5);
  EXPECT_THAT(got.ids(), ElementsAre("sitemap.too_many_urls"));
  ASSERT_EQ(got.document.samples.size(), 5U);
  EXPECT_EQ(got.document.samples[0], "https://a.example/0");
  const int last = std::stoi(got.document.samples[4].substr(18));
  EXPECT_GT(last, 25'000);
}

TEST(Sitemap, SurvivesDeepXml) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  EXPECT_THAT(read(urlset(deep)).ids(), ElementsAre("sitemap.invalid_xml"));
}

TEST(W3cDate, KnowsItsForms) {
  std::int64_t when = 0;
  for (const char* const good : {"2024", "2024-05", "2024-02-29", "2024-05-31T10:00Z", "2024-05-31T10:00:00+02:00",
                                 "2024-05-31T10:00:00.123-05:30"}) {
    EXPECT_TRUE(parse_w3c_date(good, when)) << good;
  }
  for (const char* const bad :
       {"", "24", "2024-13", "2023-02-29", "2024-5-1", "2024-05-31T10:00", "2024-05-31 10:00:00", "2024-05-31T25:00Z",
        "2024-05-31T10:00:00.Z", "2024-05T10:00Z", "2024-05-31Z", "2024-05-31T10:00:00+0200", "May 2024"}) {
    EXPECT_FALSE(parse_w3c_date(bad, when)) << bad;
  }
  ASSERT_TRUE(parse_w3c_date("2024-05-31T10:00:00+02:00", when));
  EXPECT_EQ(when, 1'717'142'400);
}

}  // namespace
}  // namespace toolrack::seo
