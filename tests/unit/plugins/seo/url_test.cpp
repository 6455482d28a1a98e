#include "analysis/url.hpp"

#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

std::string resolved(std::string_view base, std::string_view reference) {
  const auto from = parse_url(base);
  const auto url = from ? resolve(*from, reference) : std::nullopt;
  return url ? url->text() : "-";
}

// RFC 3986 section 5.4, against its base; the path of an http URL is never empty here.
TEST(Url, ResolvesTheExamplesOfTheStandard) {
  const struct {
    const char *reference, *expected;
  } kExamples[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
  };
  for (const auto& example : kExamples) {
    EXPECT_EQ(resolved("http://a/b/c/d;p?q", example.reference), example.expected) << example.reference;
  }
}

TEST(Url, CleansUpWhatBrowsersCleanUp) {
  const char* const base = "https://Example.COM:443/dir/page";
  EXPECT_EQ(resolved(base, " \t/a\n b "), "https://example.com/a%20b");
  EXPECT_EQ(resolved(base, "\\\\other.example\\x"), "https://other.example/x");
  EXPECT_EQ(resolved(base, "/\xC3\xBC?q=\xC3\xA4#\xC3\xB6"), "https://example.com/%C3%BC?q=%C3%A4#%C3%B6");
  EXPECT_EQ(resolved(base, "/100%"), "https://example.com/100%25");
  EXPECT_EQ(resolved(base, "/%7euser/%c3%bc"), "https://example.com/~user/%C3%BC");
  EXPECT_EQ(resolved(base, "a:b/c"), "a:b/c");
  EXPECT_EQ(resolved(base, "/a:b"), "https://example.com/a:b");
  EXPECT_EQ(resolved(base,
                     "https://b\xC3\xBC"
                     "cher.example/"),
            "https://xn--bcher-kva.example/");
  EXPECT_EQ(resolved(base, "http://[2001:DB8::1]:8080/"), "http://[2001:db8::1]:8080/");
  EXPECT_EQ(resolved(base, "https://user:secret@host.example/"), "https://host.example/");
}

TEST(Url, RefusesWhatIsNoUrl) {
  for (const char* const bad : {"http://", "http:///x", "http:x", "http:/x", "https://exa mple.com/", "http://a:99999/",
                                "http://a:b/", "//", "http://a..b/", "http://<x>/", "http://[::1/", "http://[zz]/"}) {
    EXPECT_EQ(resolved("http://a/", bad), "-") << bad;
  }
  EXPECT_FALSE(parse_url("/only/a/path"));
  EXPECT_FALSE(parse_url(""));
  EXPECT_FALSE(parse_url(std::string(100'000, 'a')));
}

TEST(Url, KnowsTheSameSite) {
  const auto site = parse_url("https://www.example.com/");
  EXPECT_TRUE(is_same_site(*site, *parse_url("http://example.com:8080/x")));
  EXPECT_FALSE(is_same_site(*site, *parse_url("https://shop.example.com/")));
}

}  // namespace
}  // namespace toolrack::seo
