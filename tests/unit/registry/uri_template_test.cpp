#include "registry/uri_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::registry {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const UriTemplate> compiled(std::string_view text) {
  auto made = UriTemplate::compile(text);
  EXPECT_TRUE(made) << (made ? "" : made.error().message());
  return made.value_or(nullptr);
}

/// "name=value;" of each variable, or "none".
std::string matched(std::string_view text, std::string_view uri) {
  const auto made = compiled(text);  // The names that it finds are its own.
  const auto values = made->match(uri);
  if (!values) return "none";
  std::string out;
  for (const auto& [name, value] : *values) out += std::string(name) + "=" + value + ";";
  return out;
}

TEST(UriTemplate, FindsTheValuesThatMakeItIntoAUri) {
  EXPECT_EQ(matched("test://template/{id}/data", "test://template/123/data"), "id=123;");
  EXPECT_EQ(matched("x://{a}/{b}", "x://one/two"), "a=one;b=two;");
  EXPECT_EQ(matched("x://{a}-{b}", "x://1-2-3"), "a=1-2;b=3;");
  EXPECT_EQ(matched("x://dots.and+signs(*)/{a}", "x://dots.and+signs(*)/1"), "a=1;");
}

TEST(UriTemplate, ASampleIsMatchedByTemplatesThatMatchEveryUriOfTheFamily) {
  struct Row {
    std::string_view family, text;
    bool is_within;
  };
  for (const auto& [family, text, is_within] :
       {Row{"x://{id}", "x://{id}", true}, Row{"x://{id}", "x://{other}", true}, Row{"x://{id}", "x://{a}-{b}", true},
        Row{"x://{id}", "x://a{b}", true}, Row{"x://{id}", "x://{a}/{b}", false}, Row{"x://{id}", "x://{+a}", false},
        Row{"x://{id}", "x://{a}{#b}", false}, Row{"x://{+p}", "x://{a}/{b}", true}, Row{"x://{+p}", "x://{+q}", true},
        Row{"x://{+p}", "x://{a}{#b}", true}, Row{"x://{a}/{+p}", "x://{+q}", false},
        Row{"x://{a}/{+p}", "x://{b}/c/{+q}", true}, Row{"x://{a}{b}", "x://{a}", false},
        Row{"x://f{#p}", "x://f{#q}", true}, Row{"x://f{#p}", "x://f#{+q}", true}, Row{"x://f#{p}", "x://f{#q}", false},
        Row{"x://{id}", "y://{id}", false}, Row{"x://a{id}", "x://{id}", false}}) {
    EXPECT_EQ(compiled(family)->match(compiled(text)->sample()).has_value(), is_within) << text << " in " << family;
  }
}

TEST(UriTemplate, AVariableStaysWithinItsSegmentUnlessItMayNot) {
  EXPECT_EQ(matched("x://f/{path}", "x://f/a/b"), "none");
  EXPECT_EQ(matched("x://f/{path}", "x://f/a?b"), "none");
  EXPECT_EQ(matched("x://f/{+path}", "x://f/a/b?c#d"), "path=a/b?c#d;");
  EXPECT_EQ(matched("x://f{#part}", "x://f#two/three"), "part=two/three;");
}

TEST(UriTemplate, WantsEveryCharacterOfTheUriAndSomethingForEachVariable) {
  EXPECT_EQ(matched("x://f/{id}", "x://f/"), "none");
  EXPECT_EQ(matched("x://f/{id}/z", "x://f/1/z/"), "none");
  EXPECT_EQ(matched("x://f/{id}", "yx://f/1"), "none");
  EXPECT_EQ(matched("x://f/{id}.json", "x://f/1xjson"), "none");
}

TEST(UriTemplate, DecodesValuesAndRefusesThoseThatAreNoText) {
  EXPECT_EQ(matched("x://f/{id}", "x://f/a%20b%2Fc"), "id=a b/c;");
  EXPECT_EQ(matched("x://f/{id}", "x://f/h%C3%A9"), "id=h\xC3\xA9;");
  EXPECT_EQ(matched("x://f/{id}", "x://f/a+b"), "id=a+b;");
  for (const auto* uri : {"x://f/%", "x://f/%0", "x://f/%FF", "x://f/%00"})
    EXPECT_EQ(matched("x://f/{id}", uri), "none");
}

TEST(UriTemplate, TakesTimeThatGrowsWithTheUriOnly) {
  const auto many = compiled("x://{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}!");
  EXPECT_FALSE(many->match("x://" + std::string(100'000, '-')));
}

TEST(UriTemplate, RefusesWhatIsBeyondLevelTwo) {
  struct Row {
    const char* text;
    const char* why;
  };
  for (const auto& [text, why] :
       {Row{"x://a{?q}", "{?q}"}, Row{"x://a{/q}", "{/q}"}, Row{"x://a{;q}", "{;q}"}, Row{"x://a{&q}", "{&q}"},
        Row{"x://a{.q*}", "{.q*}"}, Row{"x://{a,b}", "{a,b}"}, Row{"x://{a*}", "{a*}"}, Row{"x://{a:3}", "{a:3}"},
        Row{"x://{}", "{}"}, Row{"x://{a", "brace"}, Row{"x://a}", "brace"}, Row{"x://{a}/{a}", "twice"},
        Row{"x://a", "no variable"}}) {
    const auto made = UriTemplate::compile(text);
    ASSERT_FALSE(made) << text;
    EXPECT_THAT(made.error().message(), HasSubstr(why)) << text;
  }
}

}  // namespace
}  // namespace toolrack::registry
