#include "services/knowledge/knowledge_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::services::knowledge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const registry::Tool> tool_with(std::string slug, std::vector<registry::Document> documents) {
  auto tool = std::make_shared<registry::Tool>();
  tool->owner = "test";
  tool->slug = std::move(slug);
  tool->knowledge = std::move(documents);
  return tool;
}

class KnowledgeIndexTest : public ::testing::Test {
 protected:
  void make(KnowledgeIndex::Tools tools, std::size_t searched) {
    auto made = KnowledgeIndex::create(std::move(tools), searched);
    ASSERT_TRUE(made) << made.error().message();
    index_ = *std::move(made);
  }
  /// "tool/document" of what is found.
  std::vector<std::string> find(std::string_view question, Range range, std::size_t limit = 10) const {
    std::vector<std::string> out;
    const auto found = index_->search(question, limit, range);
    if (!found) return {"error: " + found.error().message()};
    for (const auto& hit : *found) {
      const auto& entry = index_->entries()[static_cast<std::size_t>(hit.id)];
      out.push_back(entry.tool->slug + "/" + entry.document->id);
    }
    return out;
  }
  std::vector<std::string> find(std::string_view question) const { return find(question, index_->all()); }

  const std::shared_ptr<const registry::Tool> shop_ = tool_with(
      "shop", {{.id = "returns", .title = "", .text = "# Returns\nParcels are sent back within two weeks."},
               {.id = "payment", .title = "Paying", .text = "Cards and invoices are accepted.", .tags = {"money"}}});
  const std::shared_ptr<const registry::Tool> zoo_ =
      tool_with("zoo", {{.id = "visits", .title = "", .text = "# Visits\nDogs are sent away at the gate."}});
  std::shared_ptr<const KnowledgeIndex> index_;
};

TEST_F(KnowledgeIndexTest, FindsByStemsTagsAndTitles) {
  make({shop_, zoo_}, 2);
  EXPECT_THAT(find("how do I send a parcel back?"), ElementsAre("shop/returns", "zoo/visits"));
  EXPECT_THAT(find("accepting an invoice"), ElementsAre("shop/payment"));
  EXPECT_THAT(find("money"), ElementsAre("shop/payment"));
  EXPECT_THAT(find("do you pay"), ElementsAre("shop/payment"));
  EXPECT_THAT(find("what about the"), ElementsAre("zoo/visits")) << "nothing else was asked";
  EXPECT_THAT(find("elephants"), IsEmpty());
}

TEST_F(KnowledgeIndexTest, SearchesOneToolAlone) {
  make({shop_, zoo_}, 2);
  EXPECT_THAT(find("sent", index_->range_of(*zoo_).value()), ElementsAre("zoo/visits"));
  EXPECT_THAT(find("sent", index_->range_of(*shop_).value()), ElementsAre("shop/returns"));
  EXPECT_FALSE(index_->range_of(*tool_with("other", {})));
}

TEST_F(KnowledgeIndexTest, OtherVersionsAreFoundOnlyWhenAskedFor) {
  make({shop_, zoo_}, 1);
  EXPECT_THAT(find("sent"), ElementsAre("shop/returns"));
  EXPECT_THAT(find("sent", index_->range_of(*zoo_).value()), ElementsAre("zoo/visits"));
}

TEST_F(KnowledgeIndexTest, ReadsSlipsAsTheWordsThatWereMeant) {
  make({shop_, zoo_}, 2);
  EXPECT_THAT(find("invioces"), ElementsAre("shop/payment"));
  EXPECT_THAT(find("a parcle that came"), ElementsAre("shop/returns"));
}

TEST_F(KnowledgeIndexTest, LooksUpAFewSlipsOfAQuestionOnly) {
  make({shop_, zoo_}, 2);
  const std::string page = "qwerty asdfgh zxcvbn uiopas jklqwe rtyuio bnmqwe";
  EXPECT_THAT(find(page + " invioces"), ElementsAre("shop/payment"));
  EXPECT_THAT(find(page + " plokij invioces"), IsEmpty());
}

TEST_F(KnowledgeIndexTest, AnyQuestionIsSafe) {
  make({shop_, zoo_}, 2);
  for (const auto* question : {"", "\"", "a OR b", "NEAR(x y)", "title : sent", "^sent*", "'; DROP TABLE documents; --",
                               "((((", "sent\" OR \"x"})
    EXPECT_TRUE(index_->search(question, 5, index_->all())) << question;
  EXPECT_FALSE(index_->search("\xff\xfe", 5, index_->all()));
  EXPECT_THAT(find("title : parcels -weeks"), ElementsAre("shop/returns"));
}

TEST_F(KnowledgeIndexTest, NamesDocumentsByTheirTitleHeadingOrId) {
  make({shop_, tool_with("plain", {{.id = "notes", .title = "", .text = "Nothing but text."}})}, 2);
  const auto& entries = index_->entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].title, "Returns");
  EXPECT_EQ(entries[1].title, "Paying");
  EXPECT_EQ(entries[2].title, "notes");
}

TEST_F(KnowledgeIndexTest, ToolsWithoutDocumentsAreEmptyRanges) {
  make({tool_with("bare", {}), shop_}, 2);
  EXPECT_THAT(find("sent", Range{}), IsEmpty());
  EXPECT_THAT(find("sent"), ElementsAre("shop/returns"));
  make({}, 0);
  EXPECT_THAT(find("sent"), IsEmpty());
}

}  // namespace
}  // namespace toolrack::services::knowledge
