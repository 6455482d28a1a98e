/// tests/data/knowledge_search.json: what people ask in words of their own, and the documents of the tool seo.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "base/json.hpp"
#include "services/knowledge/knowledge_index.hpp"
#include "text/match_expression.hpp"

namespace toolrack::services::knowledge {
namespace {

namespace json = base::json;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class KnowledgeQuality : public ::testing::Test {
 protected:
  void SetUp() override {
    auto read = json::parse(read_file(TOOLRACK_SOURCE_DIR "/tests/data/knowledge_search.json"));
    ASSERT_TRUE(read) << read.error().message();
    queries_ = *std::move(read);
    auto tool = std::make_shared<registry::Tool>();
    tool->owner = "toolrack";
    tool->slug = "seo";
    for (const auto& file : std::filesystem::directory_iterator(TOOLRACK_SOURCE_DIR "/plugins/seo/knowledge"))
      ASSERT_TRUE(registry::add_document(*tool, file.path().filename().string(), read_file(file.path())));
    tool_ = tool;
    auto index = KnowledgeIndex::create({tool_}, 1);
    ASSERT_TRUE(index) << index.error().message();
    index_ = *std::move(index);
  }
  const json::Value& queries() const { return *json::find(queries_, "queries"); }
  static std::string text(const json::Value& row, std::string_view member) {
    return std::string(json::find_string(row, member).value());
  }

  json::Document queries_;
  std::shared_ptr<const registry::Tool> tool_;
  std::shared_ptr<const KnowledgeIndex> index_;
};

/// The telling words in lower case, without the commonest endings.
std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  for (const auto word : text::question_words(text)) {
    std::string lower;
    for (const char c : word) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    for (const std::string_view ending : {"ing", "ed", "s", "e"})
      if (lower.size() > ending.size() + 2 && lower.ends_with(ending)) {
        lower.resize(lower.size() - ending.size());
        break;
      }
    words.insert(lower);
  }
  return words;
}

TEST_F(KnowledgeQuality, IsAskedWithoutTheWordsOfTitleAndHeadings) {
  EXPECT_GE(queries().Size(), 60u);
  for (const auto& query : queries().GetArray()) {
    const auto asked = words_of(text(query, "ask"));
    std::size_t passages = 0;
    for (const auto& entry : index_->entries()) {
      if (entry.document->id != text(query, "wants")) continue;
      ++passages;
      auto said = entry.title;
      for (const auto& heading : entry.passage.headings) said += " " + heading;
      for (const auto& word : words_of(said))
        EXPECT_FALSE(asked.contains(word)) << text(query, "ask") << ": " << word << " in " << said;
    }
    EXPECT_GT(passages, 0u) << text(query, "wants");
  }
}

TEST_F(KnowledgeQuality, FindsWhatIsMeant) {
  double first = 0, among_five = 0;
  for (const auto& query : queries().GetArray()) {
    const auto ask = text(query, "ask"), wants = text(query, "wants");
    const auto hits = index_->search(ask, 5, index_->all());
    ASSERT_TRUE(hits) << hits.error().message();
    const auto document = [&](const text::Hit& hit) {
      return index_->entries()[static_cast<std::size_t>(hit.id)].document->id;
    };
    const auto place = std::ranges::find(*hits, wants, document);
    first += place != hits->end() && place == hits->begin();
    among_five += place != hits->end();
    if (place != hits->end()) continue;
    std::cout << "\"" << ask << "\" wants " << wants << ":";
    for (const auto& hit : *hits) std::cout << ' ' << document(hit);
    std::cout << '\n';
  }
  const auto asked = queries().Size();
  std::cout << "of " << asked << " queries over " << tool_->knowledge.size() << " documents in "
            << index_->entries().size() << " passages: recall@1 " << first / asked << ", recall@5 "
            << among_five / asked << '\n';
  EXPECT_GE(among_five / asked, 0.9);
}

}  // namespace
}  // namespace toolrack::services::knowledge
