#include "registry/tool_set.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace toolrack::registry {
namespace {

using ::testing::HasSubstr;

base::Result<ToolSetRef> read(std::string_view patterns, std::string_view renames = "[]",
                              const ToolSetRef& within = nullptr) {
  const auto both = base::json::parse(fmt::format(R"({{"tools":{},"rename":{}}})", patterns, renames));
  EXPECT_TRUE(both) << both.error().message();
  return ToolSet::create(base::json::find(*both, "tools"), base::json::find(*both, "rename"), within);
}

ToolSetRef made(std::string_view patterns, std::string_view renames = "[]", const ToolSetRef& within = nullptr) {
  auto set = read(patterns, renames, within);
  EXPECT_TRUE(set) << set.error().message();
  return set.value_or(nullptr);
}

/// owner, tool, version and skill with bars between them, or the error.
std::string parts(std::string_view text) {
  const auto pattern = ToolPattern::parse(text);
  if (!pattern) return "error: " + pattern.error().message();
  return fmt::format("{}{}|{}|{}|{}", pattern->is_exclusion ? "!" : "", pattern->owner, pattern->tool, pattern->version,
                     pattern->skill);
}

TEST(ToolPattern, IsReadInItsParts) {
  struct Row {
    std::string_view text, parts;
  };
  constexpr Row kRows[] = {
      {"seo", "|seo||"},
      {"*", "|*||"},
      {"seo.keyword_*", "|seo||keyword_*"},
      {"acme/*", "acme|*||"},
      {"*/seo.audit", "*|seo||audit"},
      {"seo@1", "|seo|1|"},
      {"seo@1.4.0", "|seo|1.4.0|"},
      {"seo@1.4.0.audit", "|seo|1.4.0|audit"},
      {"seo@1.*", "|seo|1|*"},
      {"seo@1.4.2fa", "|seo|1.4|2fa"},
      {"!acme/web-*@2.get_*", "!acme|web-*|2|get_*"},
  };
  for (const auto& row : kRows) EXPECT_EQ(parts(row.text), row.parts) << row.text;
}

TEST(ToolPattern, IsRefusedWithTheReason) {
  struct Row {
    std::string_view text, reason;
  };
  constexpr Row kRows[] = {
      {"", "names no tool"},
      {"!", "names no tool"},
      {"/seo", "no owner before its slash"},
      {"acme/", "names no tool"},
      {"seo.", "names no skill after its dot"},
      {"seo@", "names no version"},
      {"seo@latest", "names no version"},
      {"seo@1.2.3.4.5", "holds a character that no skill's name has"},
      {"seo_keyword_ideas", "a skill stands behind its tool and a dot"},
      {"Seo", "no owner's or tool's name has"},
      {"a/b/c", "no owner's or tool's name has"},
      {"seo.key word", "no skill's name has"},
      {"seo.\xd0\xb0udit", "no skill's name has"},
  };
  for (const auto& row : kRows) EXPECT_THAT(parts(row.text), HasSubstr(row.reason)) << row.text;
  EXPECT_THAT(parts(std::string(257, 'a')), HasSubstr("more than 256 characters"));
}

TEST(ToolSet, IsNothingWhenThereIsNothingToSay) { EXPECT_EQ(made("[]"), nullptr); }

TEST(ToolSet, SaysWhatItIsAgainAfterTheStore) {
  const auto set = made(R"(["seo","!seo.audit"])",
                        R"([{"skill":"seo.run","name":"check","title":"T","description":"D"}])", made(R"(["*"])"));
  const auto text = set->to_json();
  EXPECT_EQ(text, R"([{"rename":[{"description":"D","name":"check","skill":"seo.run","title":"T"}],)"
                  R"("tools":["seo","!seo.audit"]},{"rename":[],"tools":["*"]}])");
  const auto again = ToolSet::from_json(*base::json::parse(text));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ((*again)->digest(), set->digest());
  EXPECT_NE(made(R"(["seo"])")->digest(), set->digest());
}

TEST(ToolSet, KeepsWhatItsMakerHas) {
  const auto maker = made(R"(["seo"])");
  EXPECT_EQ(made("[]", "[]", maker), maker) << "who says nothing passes on what he has";
  const auto made_by = made(R"(["*"])", "[]", maker);
  ASSERT_EQ(made_by->layers().size(), 2u);
  EXPECT_EQ(made_by->layers()[1].pattern_texts, maker->layers()[0].pattern_texts);
}

TEST(ToolSet, HasAnEndToKeysThatMakeKeys) {
  ToolSetRef set;
  for (std::size_t i = 0; i < ToolSet::kMaxLayers; ++i) set = made(R"(["*"])", "[]", set);
  const auto one_more = read(R"(["*"])", "[]", set);
  ASSERT_FALSE(one_more);
  EXPECT_THAT(one_more.error().message(), HasSubstr("9th in a row"));
}

TEST(ToolSet, RefusesNamesAndWordsThatManifestsMayNotHave) {
  struct Row {
    std::string_view renames, reason;
  };
  constexpr Row kRows[] = {
      {R"([{"skill":"seo.run"}])", "gets no other name"},
      {R"([{"skill":"seo.run","name":""}])", "is no name for a tool"},
      {R"([{"skill":"seo.run","name":"a b"}])", "is no name for a tool"},
      {R"([{"skill":"seo.run","name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}])",
       "is no name for a tool"},
      {R"([{"skill":"seo.run","name":"a__b"}])", "double underscore"},
      {R"([{"skill":"seo","name":"a"}])", "does not name one skill"},
      {R"([{"skill":"seo.*","name":"a"}])", "does not name one skill"},
      {R"([{"skill":"seo@1.run","name":"a"}])", "does not name one skill"},
      {R"([{"skill":"!seo.run","name":"a"}])", "does not name one skill"},
      {R"([{"skill":"seo.run","name":"a"},{"skill":"seo.audit","name":"a"}])", "both get the name"},
      {R"([{"skill":"seo.run","name":"a"},{"skill":"seo.run","title":"b"}])", "twice"},
      {R"([{"skill":"seo.run","title":""}])", "1 to 100 bytes"},
      {R"([{"skill":"seo.run","description":"ignore \u202e this"}])", "U+202E"},
      {R"([{"skill":"seo.run","title":"\udb40\udc41"}])", "U+E0041"},
      {R"([{"skill":"seo.run","name":7}])", "name is no string"},
      {R"(["seo.run"])", "no object"},
      {R"({"seo.run":"a"})", "give a list"},
  };
  for (const auto& row : kRows) {
    const auto set = read("[]", row.renames);
    ASSERT_FALSE(set) << row.renames;
    EXPECT_EQ(set.error().code(), base::ErrorCode::kInvalidRequest);
    EXPECT_THAT(set.error().message(), HasSubstr(row.reason)) << row.renames;
  }
}

TEST(ToolSet, ShowsThatALongNameWasCut) {
  const auto set = read("[]", R"([{"skill":"seo.run","name":")" + std::string(200, 'a') + "\"}]");
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message(), HasSubstr("aaa…\" is no name for a tool"));
}

TEST(ToolSet, IsOfLimitedSize) {
  std::string many = R"("seo")";
  for (std::size_t i = 0; i < ToolSet::kMaxPatterns; ++i) many += R"(,"seo")";
  const auto set = read("[" + many + "]");
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message(), HasSubstr("at most 100"));
}

}  // namespace
}  // namespace toolrack::registry
