#include "services/knowledge/knowledge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/json.hpp"

namespace toolrack::services::knowledge {
namespace {

std::shared_ptr<registry::Tool> tool_with(std::string slug, std::string version, std::string text) {
  auto tool = std::make_shared<registry::Tool>();
  tool->owner = "test";
  tool->slug = std::move(slug);
  tool->version = std::move(version);
  tool->knowledge.push_back({.id = "guide", .title = "", .text = std::move(text)});
  return tool;
}

std::shared_ptr<const registry::Catalogue> catalogue_of(std::vector<std::shared_ptr<const registry::Tool>> tools) {
  return registry::Catalogue::build(std::move(tools), {}, 1).value();
}

class KnowledgeTest : public ::testing::Test {
 protected:
  std::string passage(const base::Result<Found>& found) {
    if (!found) return "error: " + found.error().message();
    if (found->hits.empty()) return "nothing";
    return std::string(found->index->entries()[static_cast<std::size_t>(found->hits.front().id)].passage.text);
  }
  base::Pool pool_{"knowledge", 4};
  Knowledge knowledge_{pool_};
  const std::shared_ptr<const registry::Tool> old_ = tool_with("guide", "1.0.0", "An old answer.");
  const std::shared_ptr<const registry::Tool> new_ = tool_with("guide", "2.0.0", "A new answer.");
};

TEST_F(KnowledgeTest, SearchesTheCatalogueThatWasPublishedLast) {
  EXPECT_EQ(knowledge_.search({.text = "answer"}).error().code(), base::ErrorCode::kUnavailable);
  knowledge_.publish(*catalogue_of({old_}));
  EXPECT_EQ(passage(knowledge_.search({.text = "answer"})), "An old answer.");
  knowledge_.publish(*catalogue_of({new_}));
  EXPECT_EQ(passage(knowledge_.search({.text = "answer"})), "A new answer.");
  knowledge_.close();
  EXPECT_EQ(knowledge_.search({.text = "answer"}).error().code(), base::ErrorCode::kUnavailable);
}

TEST_F(KnowledgeTest, ACallThatStaysOnItsVersionFindsItsDocuments) {
  knowledge_.publish(*catalogue_of({new_}));
  EXPECT_EQ(passage(knowledge_.search({.text = "answer", .tool = old_})), "An old answer.");
  EXPECT_EQ(passage(knowledge_.search({.text = "answer", .tool = new_})), "A new answer.");
}

TEST_F(KnowledgeTest, OnlyDefaultVersionsAnswerWhenNoToolIsNamed) {
  knowledge_.publish(*catalogue_of({old_, new_}));
  const auto found = knowledge_.search({.text = "answer", .limit = 10});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->hits.size(), 1u);
  EXPECT_EQ(passage(found), "A new answer.");
  EXPECT_EQ(passage(knowledge_.search({.text = "answer", .tool = old_})), "An old answer.");
}

TEST_F(KnowledgeTest, LetsGoOfToolsWhenClosed) {
  std::weak_ptr<const registry::Tool> seen;
  {
    const std::shared_ptr<const registry::Tool> tool = tool_with("brief", "1.0.0", "Soon gone.");
    seen = tool;
    knowledge_.publish(*catalogue_of({tool}));
    EXPECT_EQ(passage(knowledge_.search({.text = "gone"})), "Soon gone.");
  }
  pool_.stop();
  EXPECT_FALSE(seen.expired());
  knowledge_.close();
  EXPECT_TRUE(seen.expired());
}

TEST_F(KnowledgeTest, AnswersInThePoolWhileCataloguesChange) {
  knowledge_.publish(*catalogue_of({old_}));
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 50; ++i) {
    auto promise = std::make_shared<std::promise<std::string>>();
    answers.push_back(promise->get_future());
    ASSERT_TRUE(knowledge_.search_soon({.text = "answer"},
                                       [this, promise](auto found) { promise->set_value(passage(found)); }));
    if (i % 10 == 0) knowledge_.publish(*catalogue_of({i % 20 == 0 ? new_ : old_}));
  }
  for (auto& answer : answers) EXPECT_THAT(answer.get(), ::testing::AnyOf("An old answer.", "A new answer."));
  pool_.stop();
  EXPECT_FALSE(knowledge_.search_soon({.text = "answer"}, [](auto) { FAIL() << "the pool has stopped"; }));
}

TEST_F(KnowledgeTest, TellsWhereEachPassageStands) {
  knowledge_.publish(*catalogue_of({tool_with("shop", "1.0.0", "# Returns\n\n## Parcels\nSent \"back\".")}));
  const auto found = knowledge_.search({.text = "sent"});
  ASSERT_TRUE(found);
  auto json = base::json::parse(to_json(*found));
  ASSERT_TRUE(json);
  const auto* row = base::json::at(*json, "/results/0");
  ASSERT_NE(row, nullptr);
  EXPECT_GT((*row)["score"].GetDouble(), 0);
  EXPECT_EQ(base::json::find_string(*row, "tool"), "test/shop");
  EXPECT_EQ(base::json::find_string(*row, "document"), "guide");
  EXPECT_EQ(base::json::find_string(*row, "title"), "Returns");
  EXPECT_EQ(base::json::dump((*row)["headings"]), R"(["Returns","Parcels"])");
  EXPECT_EQ(base::json::find_string(*row, "text"), "Sent \"back\".");
  EXPECT_EQ(base::json::find_string(*json, "method"), "words");
}

}  // namespace
}  // namespace toolrack::services::knowledge
