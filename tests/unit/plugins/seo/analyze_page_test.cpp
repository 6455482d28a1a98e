#include "unit/plugins/seo/corpus.hpp"
#include "unit/plugins/seo/skill_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace toolrack::seo::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPage = "<!DOCTYPE html><html lang=en><title>A page about bread and cake</title><h1>Bread</h1>";

TEST(AnalyzePage, ReportsEveryHopAndAsksForRobotsTxtOfTheLastHost) {
  SkillHost seo;
  seo.redirect("http://a.example/", 301, "https://a.example/");
  seo.redirect("https://a.example/", 302, "//www.a.example/home#top");
  seo.serve("https://www.a.example/home", 200, kPage);
  seo.serve("https://www.a.example/robots.txt", 404, "");
  seo.run("analyze_page", R"({"url":"http://A.example"})");
  ASSERT_TRUE(seo.outcome().ok()) << seo.outcome().message;
  EXPECT_EQ(seo.at("/final_url"), R"("https://www.a.example/home")");
  EXPECT_EQ(seo.at("/redirects"),
            R"([{"url":"http://a.example/","status":301,"location":"https://a.example/"},)"
            R"({"url":"https://a.example/","status":302,"location":"//www.a.example/home#top"}])");
  EXPECT_EQ(seo.at("/robots_txt/allowed"), "true");
  EXPECT_EQ(seo.at("/title/text"), R"("A page about bread and cake")");
  EXPECT_THAT(seo.requested_urls(), ElementsAre("http://a.example/", "https://a.example/", "https://www.a.example/home",
                                                "https://www.a.example/robots.txt"));
  for (const sdk::SentRequest& request : seo.host().requests()) {
    EXPECT_NE(request.flags & TR_HTTP_NO_REDIRECT, 0U) << "the host must not follow for us";
    EXPECT_THAT(request.header("user-agent"), HasSubstr("ToolrackSEO/"));
  }
}

TEST(AnalyzePage, EndsLoopsAndEndlessChains) {
  SkillHost seo;
  seo.redirect("https://a.example/1", 301, "/2");
  seo.redirect("https://a.example/2", 301, "/1");
  seo.run("analyze_page", R"({"url":"https://a.example/1","check_robots":false})");
  ASSERT_TRUE(seo.outcome().ok());
  EXPECT_THAT(seo.issues(), Contains("http.redirect_loop"));
  EXPECT_EQ(seo.at("/indexable/verdict"), "false");

  for (int i = 0; i < 30; ++i) {
    seo.redirect("https://b.example/" + std::to_string(i), 302, std::to_string(i + 1));
  }
  seo.run("analyze_page", R"({"url":"https://b.example/0","check_robots":false})");
  EXPECT_THAT(seo.issues(), Contains("http.too_many_redirects"));
  EXPECT_EQ(seo.at("/redirects/10/url"), R"("https://b.example/10")");
  EXPECT_EQ(seo.at("/redirects/11"), "(absent)");
}

TEST(AnalyzePage, TellsRedirectsThatLeadNowhere) {
  SkillHost seo;
  seo.redirect("https://a.example/js", 302, "javascript:alert(1)");
  seo.run("analyze_page", R"({"url":"https://a.example/js","check_robots":false})");
  EXPECT_THAT(seo.issues(), Contains("http.redirect_broken"));
  seo.serve("https://a.example/none", 302, "no Location here");
  seo.run("analyze_page", R"({"url":"https://a.example/none","check_robots":false})");
  EXPECT_THAT(seo.issues(), Contains("http.redirect_broken"));
}

TEST(AnalyzePage, NamesTheUrlThatCannotBeReached) {
  SkillHost seo;
  seo.redirect("https://a.example/", 301, "https://down.example/x");
  seo.host().on_http(
      "GET", "https://down.example/x",
      sdk::FakeReply::failure(TR_UNAVAILABLE, "connect_failed", "Connection refused", TR_RESULT_NOT_SENT));
  seo.run("analyze_page", R"({"url":"https://a.example/"})");
  EXPECT_EQ(seo.outcome().status, TR_UNAVAILABLE);
  EXPECT_TRUE(seo.outcome().has_flag(TR_OUT_PROVIDER));
  EXPECT_EQ(seo.outcome().code, "connect_failed");
  EXPECT_THAT(seo.outcome().message, HasSubstr("https://down.example/x could not be fetched: Connection refused"));
  EXPECT_NE(seo.outcome().hint, "");
}

TEST(AnalyzePage, PassesOnWhatTheHostRefuses) {
  SkillHost seo;
  seo.host().on_http(
      "GET", "http://10.0.0.1/",
      sdk::FakeReply::failure(TR_PERMISSION_DENIED, "egress_refused", "10.0.0.1 is private", TR_RESULT_NOT_SENT));
  seo.run("analyze_page", R"({"url":"http://10.0.0.1/"})");
  EXPECT_EQ(seo.outcome().status, TR_PERMISSION_DENIED);
  EXPECT_EQ(seo.outcome().code, "egress_refused");
}

TEST(AnalyzePage, RefusesWhatIsNoAddress) {
  SkillHost seo;
  for (const char* const bad : {"example.com", "ftp://a.example/", "javascript:1", "http://", "https://a b/"}) {
    seo.run("analyze_page", R"({"url":")" + std::string(bad) + R"("})");
    EXPECT_EQ(seo.outcome().status, TR_INVALID_ARGUMENT) << bad;
    EXPECT_EQ(seo.outcome().code, "seo.bad_url") << bad;
    EXPECT_THAT(seo.outcome().message, HasSubstr(bad));
  }
  EXPECT_TRUE(seo.host().requests().empty());
}

TEST(AnalyzePage, TakesTheRulesOfTheCrawlerAskedFor) {
  const std::string robots =
      "User-agent: Googlebot\nDisallow: /\n\nUser-agent: bingbot\nAllow: /\n\nUser-agent: *\nDisallow: /page\n";
  const auto verdict = [&](const std::string& more) {
    SkillHost seo;
    seo.serve("https://a.example/page", 200, kPage);
    seo.serve("https://a.example/robots.txt", 200, robots, "text/plain");
    seo.run("analyze_page", R"({"url":"https://a.example/page")" + more + "}");
    return seo.at("/robots_txt/user_agent") + seo.at("/robots_txt/group") + seo.at("/robots_txt/allowed");
  };
  EXPECT_EQ(verdict(""), R"("googlebot""googlebot"false)");
  EXPECT_EQ(verdict(R"(,"crawler":"Bingbot/2.0")"), R"("bingbot""bingbot"true)");
  EXPECT_EQ(verdict(R"-(,"user_agent":"Mozilla/5.0 (compatible; bingbot/2.0)")-"), R"("bingbot""bingbot"true)");
  EXPECT_EQ(verdict(R"(,"crawler":"otherbot")"), R"("otherbot""*"false)");
}

TEST(AnalyzePage, JudgesRobotsTxtByItsStatus) {
  const auto issues = [](int status, bool redirects) {
    SkillHost seo;
    seo.serve("https://a.example/", 200, kPage);
    if (redirects) {
      seo.redirect("https://a.example/robots.txt", 301, "https://cdn.example/robots.txt");
      seo.serve("https://cdn.example/robots.txt", status, "User-agent: *\nDisallow: /\n", "text/plain");
    } else {
      seo.serve("https://a.example/robots.txt", status, "oops");
    }
    seo.run("analyze_page", R"({"url":"https://a.example/"})");
    return seo.issues();
  };
  EXPECT_THAT(issues(500, false), Contains("robots_txt.unreachable"));
  EXPECT_THAT(issues(403, false), Not(Contains("robots_txt.unreachable")));
  EXPECT_THAT(issues(200, true), Contains("indexing.blocked_by_robots_txt"));
  SkillHost seo;
  seo.serve("https://a.example/", 200, kPage);
  seo.host().on_http("GET", "https://a.example/robots.txt",
                     sdk::FakeReply::failure(TR_DEADLINE_EXCEEDED, "timeout", "No answer"));
  seo.run("analyze_page", R"({"url":"https://a.example/"})");
  ASSERT_TRUE(seo.outcome().ok()) << "the page itself was there";
  EXPECT_THAT(seo.issues(), Contains("robots_txt.unreachable"));
  EXPECT_THAT(seo.at("/robots_txt/error"), HasSubstr("No answer"));
}

TEST(AnalyzePage, AnalyzesWhatCameOfACutBody) {
  SkillHost seo;
  seo.host().on_http("GET", "https://a.example/",
                     sdk::FakeReply(200, kPage + std::string(5000, 'x'))
                         .header("content-type", "text/html")
                         .flags(TR_RESULT_CUT)
                         .always());
  seo.run("analyze_page", R"({"url":"https://a.example/","check_robots":false})");
  EXPECT_THAT(seo.issues(), Contains("http.body_cut"));
  EXPECT_EQ(seo.at("/weight/truncated"), "true");
  EXPECT_EQ(seo.at("/title/text"), R"("A page about bread and cake")");
  seo.run("analyze_page", R"({"url":"https://a.example/","check_robots":false,"max_bytes":1024})");
  EXPECT_EQ(seo.at("/weight/html_bytes"), "1024") << "the limit holds whatever the host sends";
  EXPECT_EQ(seo.host().requests().back().max_bytes, 1024U);
}

TEST(AnalyzePage, StopsWhenTheCallerLeaves) {
  SkillHost seo;
  seo.host().on_http("GET", "https://slow.example/", sdk::FakeReply(200, kPage).delay(std::chrono::seconds(30)));
  const std::size_t call = seo.host().begin("analyze_page", R"({"url":"https://slow.example/"})");
  seo.host().cancel(call);
  seo.host().drain();
  EXPECT_TRUE(seo.host().is_finished(call));
  EXPECT_EQ(seo.host().outcome(call).status, TR_CANCELLED);
}

/// The whole corpus through the skill: what the analysis alone finds, the skill finds.
TEST(AnalyzePage, FindsWhatTheCorpusExpects) {
  for (const CorpusCase& test : read_corpus()) {
    SCOPED_TRACE(test.name);
    SkillHost seo;
    const auto url = parse_url(text_of(*test.meta, "url"));
    std::string start = url->text();
    if (const auto redirects = test.meta->FindMember("redirects"); redirects != test.meta->MemberEnd()) {
      start = url->origin() + redirects->value[0][0].GetString();
      for (const auto& hop : redirects->value.GetArray()) {
        seo.redirect(url->origin() + hop[0].GetString(), hop[1].GetInt(), hop[2].GetString());
      }
    }
    sdk::FakeReply page((*test.meta)["status"].GetInt(), test.body);
    for (const auto& [name, value] : headers_of(test)) page.header(name, value);
    if (test.meta->HasMember("is_cut")) page.flags(TR_RESULT_CUT);
    seo.host().on_http("GET", url->text(), page.chunk_size(1 << 16).always());
    const bool has_robots = test.meta->HasMember("robots_txt");
    if (has_robots) {
      const auto& robots = (*test.meta)["robots_txt"];
      seo.serve(url->origin() + "/robots.txt", robots["status"].GetInt(), text_of(robots, "body"), "text/plain");
    }
    seo.run("analyze_page", R"({"url":")" + start + R"(","check_robots":)" + (has_robots ? "true" : "false") + "}");
    ASSERT_TRUE(seo.outcome().ok()) << seo.outcome().message;
    std::vector<std::string> errors;
    for (const auto& issue : seo.output()["issues"].GetArray()) {
      if (std::string_view(issue["severity"].GetString()) == "error") errors.emplace_back(issue["id"].GetString());
    }
    std::sort(errors.begin(), errors.end());
    EXPECT_EQ(errors, texts_of((*test.meta)["expect"], "errors"));
    for (const std::string& warning : texts_of((*test.meta)["expect"], "warnings"))
      EXPECT_THAT(seo.issues(), Contains(warning));
  }
}

}  // namespace
}  // namespace toolrack::seo::testing
