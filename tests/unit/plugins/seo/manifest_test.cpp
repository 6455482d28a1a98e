#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <toolrack/testing.hpp>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "unit/plugins/seo/skill_host.hpp"

namespace toolrack::seo::testing {
namespace {

rapidjson::Document manifest() {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/manifests/tools/seo.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  return document;
}

const rapidjson::Value& skill_of(const rapidjson::Document& document, const std::string& name) {
  for (const auto& skill : document["skills"].GetArray()) {
    if (skill["name"].GetString() == name) return skill;
  }
  throw std::out_of_range(name);
}

/// Every member of `value`, at every depth, is described, and what is required is there. Reads the part of JSON Schema
/// that the manifest uses for outputs; the host's validator checks the rest.
void expect_described(const rapidjson::Value& value, const rapidjson::Value& schema, const std::string& where) {
  if (value.IsObject()) {
    const bool has_properties = schema.HasMember("properties");
    for (const auto& member : value.GetObject()) {
      const std::string at = where + "/" + member.name.GetString();
      if (has_properties && schema["properties"].HasMember(member.name)) {
        expect_described(member.value, schema["properties"][member.name], at);
      } else {
        EXPECT_TRUE(schema.HasMember("additionalProperties")) << at << " is not in the output schema";
      }
    }
    if (schema.HasMember("required")) {
      for (const auto& name : schema["required"].GetArray()) {
        EXPECT_TRUE(value.HasMember(name)) << where << " lacks " << name.GetString();
      }
    }
  } else if (value.IsArray()) {
    for (const auto& each : value.GetArray()) expect_described(each, schema["items"], where + "/*");
  } else if (schema.HasMember("enum")) {
    bool is_listed = false;
    for (const auto& each : schema["enum"].GetArray()) is_listed = is_listed || each == value;
    EXPECT_TRUE(is_listed) << where << " is none of the enum";
  }
}

TEST(SeoManifest, DescribesWhatTheSkillsAnswer) {
  const rapidjson::Document document = manifest();
  ASSERT_TRUE(document.IsObject());
  SkillHost seo;
  const std::string page =
      "<!doctype html><html lang=en amp><title>t</title><base href=/><meta name=viewport content=x><meta "
      "http-equiv=refresh content=5>"
      "<link rel=icon href=/i><link rel=next href=/n><link rel=prev href=/p><link rel=amphtml href=/a><link "
      "rel=canonical href=/>"
      "<link rel=alternate hreflang=de href=/de><meta property=og:title content=t><meta name=twitter:card "
      "content=summary>"
      "<script type=application/ld+json>{\"@context\":\"x\",\"@type\":\"A\"}</script><script "
      "type=application/ld+json>{</script>"
      "<meta name=robots content=noindex><h1>h</h1><a href=/ rel=nofollow>x</a><a href=mailto:x>m</a><img src=x>";
  seo.host().on_http("GET", "https://a.example/",
                     sdk::FakeReply(200, page)
                         .header("content-type", "text/html")
                         .header("content-length", "123")
                         .header("content-encoding", "br")
                         .always());
  seo.serve("https://a.example/robots.txt", 200, "User-agent: *\nDisallow: /\nSitemap: https://a.example/s.xml",
            "text/plain");
  seo.serve("https://a.example/s.xml", 200,
            "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://a.example/r</loc>"
            "<lastmod>2020-01-01</lastmod></url><url><loc>https://a.example/down</loc></url><url/></urlset>",
            "text/html");
  seo.redirect("https://a.example/r", 301, "/x");
  seo.redirect("https://b.example/", 301, "https://a.example/");
  seo.host().on_http("GET", "https://a.example/down", sdk::FakeReply::failure(TR_UNAVAILABLE, "down", "down").always());
  seo.serve("https://a.example/pdf", 200, "%PDF", "application/pdf");
  for (const auto& [skill, input] : std::vector<std::pair<std::string, std::string>>{
           {"analyze_page", R"({"url":"https://b.example/"})"},
           {"analyze_page", R"({"url":"https://a.example/pdf"})"},
           {"check_sitemap", R"({"url":"https://a.example/"})"},
           {"keyword_density", R"({"url":"https://a.example/","phrases":["h"]})"},
           {"keyword_density", R"({"text":"bread and bread"})"}}) {
    seo.run(skill, input);
    ASSERT_TRUE(seo.outcome().ok()) << skill << ": " << seo.outcome().message;
    expect_described(seo.output(), skill_of(document, skill)["output"], skill);
  }
}

TEST(SeoManifest, NamesTheSkillsThatThePluginHas) {
  const rapidjson::Document document = manifest();
  SkillHost seo;
  for (const auto& skill : document["skills"].GetArray()) {
    seo.run(skill["name"].GetString(), "{}");
    EXPECT_EQ(seo.outcome().status, TR_INVALID_ARGUMENT) << skill["name"].GetString();
  }
  seo.run("no_such_skill", "{}");
  EXPECT_NE(seo.outcome().status, TR_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace toolrack::seo::testing
