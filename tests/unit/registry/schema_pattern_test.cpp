#include "registry/schema_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/input_validator.hpp"

namespace toolrack::registry::schema {
namespace {

using ::testing::HasSubstr;

bool matches(std::string_view pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled) << pattern << ": " << (compiled ? "" : compiled.error().why);
  Work work;
  return compiled && compiled->matches(text, work);
}

struct Case {
  const char *pattern, *good, *bad;
};

class SchemaPattern : public ::testing::TestWithParam<Case> {};

TEST_P(SchemaPattern, MeansWhatItMeansInEcmaScript) {
  EXPECT_TRUE(matches(GetParam().pattern, GetParam().good)) << GetParam().pattern;
  EXPECT_FALSE(matches(GetParam().pattern, GetParam().bad)) << GetParam().pattern;
}

INSTANTIATE_TEST_SUITE_P(Patterns, SchemaPattern,
                         ::testing::Values(Case{"b", "abc", "ac"}, Case{"^abc$", "abc", "abc\n"},
                                           Case{R"(^\d+$)", "12", "१२"}, Case{R"(^\w$)", "_", "é"},
                                           Case{R"(^\W$)", "é", "a"}, Case{R"(^\s$)", "\u00a0", "\u200b"},
                                           Case{R"(^\S+$)", "a\u200b", "a\u2003"}, Case{R"(^[\s-_]$)", "-", "a"},
                                           Case{R"(^[^\S\n]$)", "\t", "\n"}, Case{R"(^[\w-.]+$)", "a-b.c", "a b"},
                                           Case{"^.$", "😀", "\u2028"}, Case{"^.$", "a", "\r"},
                                           Case{R"(^\cJ$)", "\n", "J"}, Case{R"(^\x41\u0042\u{43}$)", "ABC", "abc"},
                                           Case{R"(^\ud83d\ude00$)", "😀", "😁"}, Case{R"(^[\b]$)", "\b", "b"},
                                           Case{R"(\bfoo\b)", "a foo", "food"}, Case{R"(^\p{Letter}+$)", "éß", "1"},
                                           Case{R"(^\P{L}$)", "1", "a"}, Case{R"(^\p{Script=Greek}$)", "α", "a"},
                                           Case{R"(^\p{gc=Nd}$)", "१", "a"}, Case{R"(^[\p{Lu}\p{Ll}]$)", "É", "1"},
                                           Case{R"(^\p{ASCII}+$)", "az", "ä"}, Case{R"(^[^\p{ASCII}]$)", "ä", "a"},
                                           Case{"^[^]$", "\n", ""}, Case{"^a[]?$", "a", "ab"},
                                           Case{"^[[:alpha:]]$", ":]", "x"}, Case{"^[a^]$", "^", "b"},
                                           Case{"^(?<year>[0-9]{4})$", "2026", "26"}, Case{"^(?:a|b)$", "b", "c"},
                                           Case{R"(^a\/b\-c$)", "a/b-c", "ab"}, Case{"^a{2}$", "aa", "a"}));

TEST(SchemaPatternFaults, SayWhatRe2CannotDo) {
  for (const auto* pattern :
       {"(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", R"((a)\1)", R"((?<n>a)\k<n>)", "(a{1000}){1000}"}) {
    const auto compiled = Pattern::compile(pattern);
    ASSERT_FALSE(compiled) << pattern;
    EXPECT_EQ(compiled.error().kind, PatternFault::Kind::kBeyondRe2) << pattern;
    EXPECT_NE(compiled.error().why, "") << pattern;
  }
}

TEST(SchemaPatternFaults, SayWhatIsNoEcmaScript) {
  for (const auto* pattern :
       {"(",        "[a",      "a)",       "*a",     "a**",    R"(\)",   R"(\a)",   R"(\A)",         R"(\z)",
        R"(\Qa\E)", "(?i)a",   "(?P<n>a)", "(?#c)a", R"(\c1)", R"(\x4)", R"(\u12)", R"(\u{110000})", R"(\ud800)",
        R"(\p)",    R"(\p{L)", "[\\B]"}) {
    const auto compiled = Pattern::compile(pattern);
    ASSERT_FALSE(compiled) << pattern;
    EXPECT_EQ(compiled.error().kind, PatternFault::Kind::kMalformed) << pattern << ": " << compiled.error().why;
  }
}

TEST(SchemaPatternFaults, NameThePlaceInTheSchema) {
  const auto refused = compile_schema(R"j({"properties":{"a/b":{"items":{"pattern":"(?=x)"}}}})j");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(),
              HasSubstr(R"j(at "/properties/a~1b/items/pattern": pattern "(?=x)" cannot be used)j"));
  EXPECT_THAT(refused.error().message(), HasSubstr("look-ahead and look-behind are not supported"));
  const auto name = compile_schema(R"j({"patternProperties":{"(a)\\1":{}}})j");
  ASSERT_FALSE(name);
  EXPECT_THAT(name.error().message(), HasSubstr("at \"/patternProperties\": pattern"));
}

TEST(SchemaPattern, GivesUpTextsThatCostTooMuch) {
  const auto pattern = Pattern::compile("^(a|b)*a(a|b){900}c$");
  ASSERT_TRUE(pattern);
  Work work(1'000);
  EXPECT_FALSE(pattern->matches(std::string(100'000, 'a'), work));
  EXPECT_TRUE(work.is_spent());
}

}  // namespace
}  // namespace toolrack::registry::schema
