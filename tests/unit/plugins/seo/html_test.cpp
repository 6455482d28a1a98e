#include "analysis/html.hpp"

#include "analysis/analysis.hpp"
#include "analysis/html_guard.hpp"
#include "unit/plugins/seo/bodies.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <string>

namespace toolrack::seo {
namespace {

using testing::repeated;

std::size_t depth_of(const HtmlDocument& document) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  walk(
      document.root(),
      [&](const GumboNode&) {
        deepest = std::max(deepest, ++depth);
        return true;
      },
      [&](const GumboNode&) { --depth; });
  return deepest;
}

TEST(Html, WalksInDocumentOrderAndLeavesWhatItEntered) {
  const auto document = HtmlDocument::parse("<!doctype html><p>a<b>c</b>d</p><!-- x --><p>e");
  ASSERT_NE(document, nullptr);
  std::string seen;
  walk(
      document->root(),
      [&](const GumboNode& node) {
        if (node.type == GUMBO_NODE_TEXT) seen += node.v.text.text;
        if (node.type == GUMBO_NODE_ELEMENT) seen += std::string("<") + gumbo_normalized_tagname(node.v.element.tag);
        return true;
      },
      [&](const GumboNode& node) {
        if (node.type == GUMBO_NODE_ELEMENT) seen += ">";
      });
  EXPECT_EQ(seen, "<html<head><body<pa<bc>d><pe>>>");
}

TEST(Html, DoesNotVisitWhatItIsToldToSkip) {
  const auto document = HtmlDocument::parse("<ul><li>a<li>b</ul><p>c");
  std::string seen;
  walk(
      document->root(),
      [&](const GumboNode& node) {
        if (node.type == GUMBO_NODE_TEXT) seen += node.v.text.text;
        return !is_html(node, GUMBO_TAG_UL);
      },
      [](const GumboNode&) {});
  EXPECT_EQ(seen, "c");
}

/// Each of these takes the parser quadratic time, or more, when it is left alone; 4 seconds is where it gives up.
TEST(Html, IsNotSlowedDownByHostileNesting) {
  std::string fonts;
  std::string customs;
  for (int i = 0; i < 100'000; ++i) {
    fonts += "<font color=" + std::to_string(i) + "><p>";
    customs += "<x-" + std::to_string(i) + ">";
  }
  const std::string pages[] = {repeated("<div>", 400'000),
                               repeated("<div><object></div>", 100'000),
                               repeated("<svg><g><title>", 100'000),
                               repeated("<table><b>x", 100'000),
                               repeated("<dd><li><address>", 100'000),
                               repeated("<select><option><optgroup><p><button>", 50'000),
                               repeated("<a href=x><div><table>", 50'000),
                               repeated("<option>x<optgroup>", 100'000),
                               "<div" + repeated(" a=1 b", 300'000),
                               "<div" + repeated(" a=1 b", 300'000) + ">x",
                               repeated("<title></titl", 100'000),
                               repeated("<!--", 100'000),
                               fonts,
                               customs};
  for (const std::string& page : pages) {
    const auto document = HtmlDocument::parse(page);
    ASSERT_NE(document, nullptr) << page.substr(0, 60);
    EXPECT_LT(depth_of(*document), 700U) << page.substr(0, 60);
  }
}

TEST(Html, GivesUpAtItsLimitsAndFreesAll) {
  ParseLimits limits;
  limits.max_bytes = 1 << 20;
  EXPECT_EQ(HtmlDocument::parse(repeated("<p>x", 100'000), limits), nullptr);
  limits = {};
  limits.max_cpu_seconds = -1;
  EXPECT_EQ(HtmlDocument::parse(repeated("<p>x", 100'000), limits), nullptr);
  EXPECT_NE(HtmlDocument::parse("<p>x"), nullptr);
}

TEST(HtmlGuard, LeavesOrdinaryPagesAlone) {
  const std::string page = "<!doctype html><ul>" + repeated("<li>a<li>b <a name=x>", 2000) + "</ul><table>" +
                           repeated("<tr><td>a<td>b<th>c", 2000) + "</table>" + repeated("<p>x<br><img src=a>", 2000) +
                           "<dl>" + repeated("<dt>t<dd>d", 2000) + "</dl><script>" + repeated("if (a<b) {}", 2000) +
                           "</script>";
  const GuardedHtml guarded = limit_nesting(page);
  EXPECT_FALSE(guarded.text);
  EXPECT_EQ(guarded.dropped_tags, 0U);
  EXPECT_LT(guarded.depth, 10U);
}

TEST(HtmlGuard, LeavesOutNoscriptAsTextThatNobodyParses) {
  const GuardedHtml guarded = limit_nesting("a<NOSCRIPT class=x><title>t</title></noscript >b");
  ASSERT_TRUE(guarded.text);
  EXPECT_EQ(*guarded.text, "a</noscript >b");
  EXPECT_EQ(guarded.dropped_tags, 0U);
}

TEST(HtmlGuard, KeepsTextAndLinksOfWhatItFlattens) {
  const GuardedHtml guarded = limit_nesting(repeated("<div>", 600) + "text<a href=x>link</a>");
  ASSERT_TRUE(guarded.text);
  EXPECT_EQ(guarded.dropped_tags, 88U);
  EXPECT_TRUE(guarded.text->ends_with("<div>text<a href=x>link</a>"));
}

#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return resident * 4096;
}

TEST(Analysis, TakesFiveMegabytesInLinearTimeAndFlatMemory) {
  std::string row;
  for (int i = 0; i < 100; ++i) {
    row += "<p class=\"a b c\">Some text here <a href=\"/foo/bar/baz?x=" + std::to_string(i) +
           "\" title=t>link</a> more text <img src=/a.png alt=x></p>\n";
  }
  const auto analyze_page = [&](int rows) {
    Fetched fetched;
    fetched.url = fetched.requested_url = "https://example.com/";
    fetched.status = 200;
    fetched.headers = {{"content-type", "text/html"}};
    fetched.body = repeated(row, rows);
    const double begin = cpu_seconds();
    const Analysis analysis = analyze(std::move(fetched), {});
    EXPECT_EQ(analysis.page->links.total, static_cast<std::size_t>(rows) * 100);
    EXPECT_LT(to_json(analysis).size(), 100'000U);
    return cpu_seconds() - begin;
  };
  analyze_page(450);
  const std::size_t before = resident_bytes();
  const double small = analyze_page(45);
  double large = 0;
  for (int i = 0; i < 3; ++i) large = analyze_page(450);
  EXPECT_LT(resident_bytes(), before + (16U << 20U));
  EXPECT_LT(large, 30 * small + 0.5) << "ten times the page";
}
#endif

}  // namespace
}  // namespace toolrack::seo
