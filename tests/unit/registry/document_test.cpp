#include "registry/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/manifest.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {
namespace {

using ::testing::HasSubstr;

std::string refusal(Tool& tool, std::string_view name, std::string_view text) {
  const auto added = add_document(tool, name, text);
  if (added) return "none";
  EXPECT_EQ(added.error().code(), base::ErrorCode::kInvalidManifest);
  EXPECT_FALSE(added.error().hint().empty());
  return added.error().message();
}

TEST(AddDocument, TakesAFileByItsName) {
  Tool tool;
  EXPECT_EQ(refusal(tool, "page-titles.v2.md", "\xef\xbb\xbf# Titles"), "none");
  EXPECT_EQ(refusal(tool, "empty.md", ""), "none");
  ASSERT_EQ(tool.knowledge.size(), 1u);
  EXPECT_EQ(tool.knowledge[0].id, "page-titles.v2");
  EXPECT_EQ(tool.knowledge[0].title, "");
  EXPECT_EQ(tool.knowledge[0].text, "# Titles");
}

TEST(AddDocument, RefusesNamesThatAreNoId) {
  Tool tool;
  for (const auto* name : {"", ".md", "a.txt", "a", "a b.md", "../a.md", "a/b.md", "\xc3\xa4.md", "\xff.md", "a\n.md"})
    EXPECT_THAT(refusal(tool, name, "x"), HasSubstr("has a name that is not")) << name;
  EXPECT_THAT(refusal(tool, std::string(129, 'a') + ".md", "x"), HasSubstr("has a name"));
  EXPECT_EQ(refusal(tool, std::string(128, 'a') + ".md", "x"), "none");
}

TEST(AddDocument, RefusesTextsThatPeopleCannotRead) {
  Tool tool;
  EXPECT_THAT(refusal(tool, "a.md", "ok \xc3"), HasSubstr("not UTF-8 at byte 3"));
  EXPECT_THAT(refusal(tool, "a.md", "\x1b[2J"), HasSubstr("U+001B"));
  EXPECT_THAT(refusal(tool, "a.md", "\xe2\x80\xae"), HasSubstr("U+202E"));
  EXPECT_EQ(refusal(tool, "a.md", "Tabs\tand\r\nline ends, \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80."), "none");
}

TEST(AddDocument, CountsWhatAToolHasAlready) {
  Tool tool;
  tool.knowledge.push_back({.id = "a", .title = "", .text = std::string(kMaxDocumentBytes - 1, 'x')});
  EXPECT_THAT(refusal(tool, "a.md", "y"), HasSubstr("there twice"));
  EXPECT_THAT(refusal(tool, "b.md", "yy"), HasSubstr("too much"));
  EXPECT_EQ(refusal(tool, "b.md", "y"), "none");
}

TEST(Document, ManifestsBringShortOnes) {
  const auto tool = load_manifest(
      R"({"manifest":"1.0","owner":"acme","name":"a","version":"1.0.0","description":"d",)"
      R"("skills":[{"name":"s","description":"d","input":{"type":"object"}}],)"
      R"("knowledge":[{"id":"one","title":"One","text":"# Text","tags":["t","u"]},{"id":"two","title":"Two","text":"x"}]})");
  ASSERT_TRUE(tool) << tool.error().message();
  ASSERT_EQ((*tool)->knowledge.size(), 2u);
  const auto& one = (*tool)->knowledge[0];
  EXPECT_EQ(one.id, "one");
  EXPECT_EQ(one.title, "One");
  EXPECT_EQ(one.text, "# Text");
  EXPECT_THAT(one.tags, ::testing::ElementsAre("t", "u"));
}

TEST(Document, ManifestsBringNoMoreThanOthers) {
  std::string documents;
  for (std::size_t i = 0; i <= kMaxDocuments; ++i)
    documents += (i == 0 ? "" : ",") + (R"({"id":"d)" + std::to_string(i) + R"(","title":"t","text":"x"})");
  const auto tool =
      load_manifest(R"({"manifest":"1.0","owner":"acme","name":"a","version":"1.0.0","description":"d",)"
                    R"("skills":[{"name":"s","description":"d","input":{"type":"object"}}],"knowledge":[)" +
                    documents + "]}");
  ASSERT_FALSE(tool);
  EXPECT_THAT(tool.error().details_json(), HasSubstr("1025 documents"));
}

}  // namespace
}  // namespace toolrack::registry
