#include "text/text_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

namespace toolrack::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::int64_t> ids(const TextIndex& index, std::string_view typed, Match match = Match::kAll,
                              std::size_t limit = 20) {
  auto hits = index.search(typed, limit, match);
  EXPECT_TRUE(hits) << (hits ? "" : hits.error().message());
  std::vector<std::int64_t> out;
  if (hits)
    for (const auto& hit : *hits) out.push_back(hit.id);
  return out;
}

class TextIndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = TextIndex::open({{"name", 10}, {"body", 1}});
    ASSERT_TRUE(opened) << opened.error().message();
    index_ = std::move(*opened);
    put(1, "seo", "Audits a page: title, headings, keywords.");
    put(2, "voice", "Speaks a text aloud; the page of a book, a title.");
    put(3, "title_maker", "Writes headlines.");
    put(4, "café", "Résumé of naïve coffee houses.");
  }
  void put(std::int64_t id, std::string_view name, std::string_view body) {
    const std::string_view texts[] = {name, body};
    auto done = index_->put(id, texts);
    ASSERT_TRUE(done) << done.error().message();
  }
  std::unique_ptr<TextIndex> index_;
};

TEST_F(TextIndexTest, WantsAllWords) {
  EXPECT_THAT(ids(*index_, "page keywords"), ElementsAre(1));
  EXPECT_THAT(ids(*index_, "page submarine"), IsEmpty());
}

TEST_F(TextIndexTest, TakesAnyWordWhenAsked) {
  EXPECT_THAT(ids(*index_, "keywords submarine", Match::kAny), ElementsAre(1));
}

TEST_F(TextIndexTest, FindsByTheBeginningOfAWord) {
  EXPECT_THAT(ids(*index_, "headl"), ElementsAre(3));
  EXPECT_THAT(ids(*index_, "eadl"), IsEmpty());
}

TEST_F(TextIndexTest, RanksTheHeavierFieldFirst) {
  const auto found = ids(*index_, "title");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found.front(), 3);
}

TEST_F(TextIndexTest, GivesHigherScoresToBetterHits) {
  const auto hits = index_->search("title", 20);
  ASSERT_TRUE(hits);
  for (std::size_t i = 1; i < hits->size(); ++i) EXPECT_GE((*hits)[i - 1].score, (*hits)[i].score);
  EXPECT_GT(hits->front().score, 0);
}

TEST_F(TextIndexTest, CutsAtTheLimit) { EXPECT_EQ(ids(*index_, "title", Match::kAll, 2).size(), 2u); }

TEST_F(TextIndexTest, IgnoresCaseAndDiacritics) {
  EXPECT_THAT(ids(*index_, "CAFE resume"), ElementsAre(4));
  EXPECT_THAT(ids(*index_, "NAÏVE"), ElementsAre(4));
}

TEST_F(TextIndexTest, SplitsNamesAtUnderscores) { EXPECT_THAT(ids(*index_, "maker"), ElementsAre(3)); }

TEST_F(TextIndexTest, ReplacesADocumentOfTheSameId) {
  put(3, "painter", "Paints.");
  EXPECT_THAT(ids(*index_, "headlines"), IsEmpty());
  EXPECT_THAT(ids(*index_, "painter"), ElementsAre(3));
}

TEST_F(TextIndexTest, ForgetsARemovedDocument) {
  ASSERT_TRUE(index_->remove(3));
  EXPECT_THAT(ids(*index_, "headlines"), IsEmpty());
  EXPECT_TRUE(index_->remove(3)) << "removing twice is no error";
}

TEST_F(TextIndexTest, RefusesBrokenUtf8) {
  const auto hits = index_->search("abc\xff", 5);
  ASSERT_FALSE(hits);
  EXPECT_EQ(hits.error().code(), base::ErrorCode::kInvalidUtf8);
}

// Each row would be an error or a wider search if it reached FTS5 as it is; the second member is what it may find.
TEST_F(TextIndexTest, TreatsHostileQueriesAsWords) {
  const std::pair<const char*, std::vector<std::int64_t>> rows[] = {
      {"\"", {}},
      {"\"unbalanced", {}},
      {"seo\" OR \"voice", {}},
      {"seo OR voice", {}},
      {"seo NOT voice", {}},
      {"NEAR(seo voice)", {}},
      {"name:seo", {}},
      {"{name body}:seo", {}},
      {"-name:seo", {}},
      {"^seo", {1}},
      {"seo*", {1}},
      {"seo'; DROP TABLE documents; --", {}},
      {"(seo", {1}},
      {"seo)", {1}},
      {"seo + ", {1}},
      {"AND", {}},
      {"\\", {}},
      {"seo\\\"", {1}},
      {"documents MATCH 'x'", {}},
      {"%_", {}},
  };
  for (const auto& [typed, expected] : rows) EXPECT_EQ(ids(*index_, typed), expected) << typed;
  EXPECT_THAT(ids(*index_, "seo"), ElementsAre(1)) << "the table is still there";
}

TEST_F(TextIndexTest, StandsVeryLongQueries) {
  std::string words;
  for (int i = 0; i < 100'000; ++i) words += "a\" ";
  EXPECT_THAT(ids(*index_, words + "zzz", Match::kAll), ::testing::Not(IsEmpty()));
  EXPECT_THAT(ids(*index_, std::string(1 << 20, '(') + "q"), IsEmpty());
}

TEST_F(TextIndexTest, ServesConcurrentSearchesDuringWrites) {
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        auto hits = index_->search("keywords page", 5);
        if (!hits || hits->size() != 1 || hits->front().id != 1) ++wrong;
      }
    });
  }
  for (int i = 100; i < 300; ++i) put(i, "other", "unrelated text");
  threads.clear();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(TextIndex, AnswersQuestionsByStemsAmongSomeDocuments) {
  const auto index = TextIndex::open({{"body", 1}}, {}, Words::kStems).value();
  std::int64_t id = 0;
  for (const std::string_view body : {"Redirects in a row", "The redirected page", "A category of cats", "Rows"})
    ASSERT_TRUE(index->put(id++, std::span(&body, 1)));
  const auto ask = [&](const Question& question) {
    std::vector<std::int64_t> out;
    const auto hits = index->search(question);
    EXPECT_TRUE(hits);
    if (hits)
      for (const auto& hit : *hits) out.push_back(hit.id);
    return out;
  };
  EXPECT_THAT(ask({.typed = "how are pages redirecting?"}), ElementsAre(1, 0));
  EXPECT_THAT(ask({.typed = "redirecting", .first_id = 1}), ElementsAre(1));
  EXPECT_THAT(ask({.typed = "redirecting", .last_id = 0}), ElementsAre(0));
  EXPECT_THAT(ask({.typed = "redirecting", .first_id = 2, .last_id = 3}), IsEmpty());
  EXPECT_THAT(ask({.typed = "cat"}), ElementsAre(2));
  EXPECT_THAT(ask({.typed = "categ"}), IsEmpty()) << "whole words only";
  EXPECT_THAT(ask({.typed = "row redirect", .limit = 1}), ElementsAre(0));
  EXPECT_FALSE(index->search(Question{.typed = "\xff"}));
}

TEST(TextIndex, KeepsAFileAcrossOpens) {
  std::string folder = (std::filesystem::temp_directory_path() / "toolrack-text-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto path = folder + "/index.db";
  const std::string_view texts[] = {"durable"};
  {
    auto index = TextIndex::open({{"body", 1}}, path);
    ASSERT_TRUE(index) << index.error().message();
    ASSERT_TRUE((*index)->begin());
    ASSERT_TRUE((*index)->put(7, texts));
    ASSERT_TRUE((*index)->commit());
  }
  {
    auto index = TextIndex::open({{"body", 1}}, path);
    ASSERT_TRUE(index) << index.error().message();
    EXPECT_THAT(ids(**index, "durable"), ElementsAre(7));
  }
  std::filesystem::remove_all(folder);
}

TEST(TextIndex, NamesThePathItCannotOpen) {
  const auto index = TextIndex::open({{"body", 1}}, "/nowhere/at/all/index.db");
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code(), base::ErrorCode::kStoreFailed);
  EXPECT_NE(index.error().message().find("/nowhere/at/all/index.db"), std::string::npos);
}

}  // namespace
}  // namespace toolrack::text
