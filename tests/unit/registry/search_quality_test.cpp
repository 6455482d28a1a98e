/// tests/data/tool_search.json: forty tools, and what people ask for in words of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "registry/search.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;

class SearchQuality : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(TOOLRACK_SOURCE_DIR "/tests/data/tool_search.json");
    auto read = json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
    ASSERT_TRUE(read) << read.error().message();
    document_ = *std::move(read);
    for (const auto& row : json::find(document_, "tools")->GetArray()) add_tool(row);
    auto index = SearchIndex::create(pointers_);
    ASSERT_TRUE(index) << index.error().message();
    index_ = std::move(*index);
  }
  static std::string text(const json::Value& row, std::string_view member) {
    return std::string(json::find_string(row, member).value());
  }
  void add_tool(const json::Value& row) {
    auto tool = std::make_shared<Tool>();
    tool->slug = text(row, "slug");
    tool->title = text(row, "title");
    tool->description = text(row, "description");
    for (const auto& one : json::find(row, "skills")->GetArray()) {
      Skill skill;
      skill.tool = tool.get();
      skill.index = static_cast<std::uint32_t>(tool->skills.size());
      skill.name = skill.title = text(one, "name");
      skill.description = text(one, "description");
      skill.input_schema = R"({"type":"object"})";
      tool->skills.push_back(std::move(skill));
    }
    pointers_.push_back(tool.get());
    tools_.push_back(std::move(tool));
  }
  const json::Value& queries() const { return *json::find(document_, "queries"); }

  json::Document document_;
  std::vector<std::shared_ptr<Tool>> tools_;
  std::vector<const Tool*> pointers_;
  std::unique_ptr<SearchIndex> index_;
};

/// Lower case, without the s of a plural.
std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (word.ends_with('s')) word.pop_back();
    if (!word.empty()) words.insert(word);
    word.clear();
  };
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
      word += static_cast<char>(c | 0x20);
    else
      end_word();
  }
  end_word();
  return words;
}

TEST_F(SearchQuality, IsAskedWithoutTheWordsOfTheTitle) {
  EXPECT_GE(queries().Size(), 60u);
  for (const auto& query : queries().GetArray()) {
    const auto tool = std::ranges::find(tools_, text(query, "wants"), &Tool::slug);
    ASSERT_NE(tool, tools_.end()) << text(query, "wants");
    const auto asked = words_of(text(query, "ask"));
    for (const auto& word : words_of((*tool)->title + " " + (*tool)->slug))
      EXPECT_FALSE(asked.contains(word)) << text(query, "ask");
  }
}

TEST_F(SearchQuality, FindsWhatIsMeant) {
  double first = 0, among_five = 0;
  for (const auto& query : queries().GetArray()) {
    const auto ask = text(query, "ask"), wants = text(query, "wants");
    const auto hits = index_->search({.text = ask, .limit = 5});
    const auto place = std::ranges::find(hits, wants, [](const SearchHit& hit) { return hit.tool->slug; });
    first += place != hits.end() && place == hits.begin();
    among_five += place != hits.end();
    if (place == hits.begin() && place != hits.end()) continue;
    std::cout << "\"" << ask << "\" wants " << wants << ":";
    for (const auto& hit : hits) std::cout << ' ' << hit.tool->slug;
    std::cout << '\n';
  }
  const auto asked = queries().Size();
  std::cout << "of " << asked << " queries: hit@1 " << first / asked << ", hit@5 " << among_five / asked << '\n';
  EXPECT_GE(first / asked, 0.7);
  EXPECT_GE(among_five / asked, 0.9);
}

}  // namespace
}  // namespace toolrack::registry
