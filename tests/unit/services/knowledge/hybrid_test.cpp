/// Words and meaning together: with an embedder that knows a few synonyms, and a store in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "base/json.hpp"
#include "services/knowledge/knowledge.hpp"
#include "services/knowledge/meanings.hpp"
#include "support/memory_store.hpp"

namespace toolrack::services::knowledge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// One dimension for each subject; a text points to those it speaks of.
class SubjectEmbedder final : public Embedder {
 public:
  base::Result<std::vector<Vector>> embed(std::span<const std::string> texts, std::chrono::milliseconds) override {
    if (is_down) return base::fail(base::ErrorCode::kUnavailable, "the endpoint is down");
    EXPECT_LE(texts.size(), kMaxBatch);
    asked += texts.size();
    std::vector<Vector> out;
    for (const auto& text : texts) {
      Vector vector(3, 0.01F);
      for (const auto& [word, subject] : kSubjects)
        if (text.find(word) != text.npos) vector[subject] += 1;
      normalize(vector);
      out.push_back(std::move(vector));
    }
    return out;
  }
  const std::string& space() const noexcept override { return space_; }

  std::atomic<bool> is_down{false};
  std::atomic<std::size_t> asked{0};

 private:
  inline static const std::map<std::string, std::size_t> kSubjects = {
      {"car", 0}, {"automobile", 0}, {"kitten", 1}, {"feline", 1}};
  const std::string space_ = "subjects";
};

std::shared_ptr<const registry::Catalogue> catalogue_of(std::vector<std::pair<std::string, std::string>> documents) {
  auto tool = std::make_shared<registry::Tool>();
  tool->owner = "test";
  tool->slug = "guide";
  tool->version = "1.0.0";
  for (auto& [id, text] : documents) tool->knowledge.push_back({.id = id, .title = "", .text = text});
  return registry::Catalogue::build({tool}, {}, 1).value();
}

class Hybrid : public ::testing::Test {
 protected:
  ~Hybrid() override {
    knowledge_.close();
    pool_.stop();
  }
  std::vector<std::string> ids(const Found& found) {
    std::vector<std::string> out;
    for (const auto& hit : found.hits)
      out.push_back(found.index->entries()[static_cast<std::size_t>(hit.id)].document->id);
    return out;
  }
  /// Publishes, and waits until searches are hybrid.
  void publish(const registry::Catalogue& catalogue) {
    knowledge_.publish(catalogue);
    while (!search("wait for it").is_hybrid) std::this_thread::yield();
  }
  Found search(std::string text, std::size_t limit = 5) {
    auto found = knowledge_.search({.text = std::move(text), .limit = limit});
    EXPECT_TRUE(found) << found.error().message();
    return found ? *std::move(found) : Found{};
  }

  const std::vector<std::pair<std::string, std::string>> documents_ = {
      {"garage", "Park your car here."}, {"pets", "A kitten sleeps."}, {"misc", "The weather is fine."}};
  testing::MemoryStore store_;
  base::Pool pool_{"knowledge", 4};
  SubjectEmbedder embedder_;
  VectorCache cache_{store_, embedder_.space()};
  Knowledge knowledge_{pool_, &embedder_, &cache_};
};

TEST_F(Hybrid, FindsWhatMeansTheSameInOtherWords) {
  publish(*catalogue_of(documents_));
  const auto found = search("automobile", 1);
  EXPECT_THAT(ids(found), ElementsAre("garage"));
  EXPECT_THAT(to_json(found), HasSubstr(R"("method":"hybrid"})"));
  EXPECT_EQ(ids(search("feline weather", 2)).size(), 2u);
}

TEST_F(Hybrid, ByWordsAloneItIsNotFoundAndTheAnswerSaysWhy) {
  embedder_.is_down = true;
  knowledge_.publish(*catalogue_of(documents_));
  const auto found = search("automobile");
  EXPECT_THAT(ids(found), IsEmpty());
  EXPECT_FALSE(found.is_hybrid);
  EXPECT_THAT(to_json(found), HasSubstr(R"("method":"words","notice":"Found by words alone: )"));
  EXPECT_THAT(ids(search("kittens")), ElementsAre("pets")) << "words go on working";
  embedder_.is_down = false;
  while (!search("automobile").is_hybrid) std::this_thread::yield();
  EXPECT_EQ(ids(search("automobile")).front(), "garage") << "and it comes back by itself";
}

TEST_F(Hybrid, AQueryThatCannotBeEmbeddedIsSearchedByWords) {
  publish(*catalogue_of(documents_));
  embedder_.is_down = true;
  const auto found = search("kittens");
  EXPECT_THAT(ids(found), ElementsAre("pets"));
  EXPECT_THAT(found.notice, HasSubstr("the endpoint is down"));
  EXPECT_TRUE(search("wait for it").is_hybrid) << "its vector is known from before";
}

TEST_F(Hybrid, SomeQueriesMustNotLeave) {
  publish(*catalogue_of(documents_));
  const auto asked = embedder_.asked.load();
  const auto found = knowledge_.search({.text = "automobile", .may_embed = false});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->hits, IsEmpty());
  EXPECT_EQ(found->notice, "");
  EXPECT_EQ(embedder_.asked.load(), asked);
}

TEST_F(Hybrid, AsksOnlyForTextsThatHaveChanged) {
  publish(*catalogue_of(documents_));
  const auto first = embedder_.asked.load();
  EXPECT_EQ(first, documents_.size() + 1) << "each passage, and the query";
  auto changed = documents_;
  changed[1].second = "A kitten wakes.";
  publish(*catalogue_of(changed));
  EXPECT_EQ(embedder_.asked.load(), first + 1);

  std::size_t kept = 0;
  ASSERT_TRUE(
      (*store_.snapshot())
          ->scan("knowledge_vectors", "", "", store::Snapshot::Order::kForward, [&](std::string_view, const auto&) {
            ++kept;
            return true;
          }));
  EXPECT_EQ(kept, documents_.size()) << "what nobody needs is dropped";
}

TEST_F(Hybrid, GoesOnWhereItEnded) {
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 150; ++i) many.emplace_back("d" + std::to_string(i), "Text " + std::to_string(i) + ".");
  publish(*catalogue_of(many));
  EXPECT_EQ(embedder_.asked.load(), 151u);
  Knowledge restarted(pool_, &embedder_, &cache_);
  restarted.publish(*catalogue_of(many));
  for (;;)
    if (const auto found = restarted.search({.text = "again"}); found && found->is_hybrid) break;
  EXPECT_EQ(embedder_.asked.load(), 152u) << "the store had all of them";
  restarted.close();
}

TEST(Fusion, PutsFirstWhatBothFoundAndKeepsEachOthersBest) {
  const std::vector<text::Hit> words = {{1, 9.0}, {2, 5.0}, {3, 1.0}}, meaning = {{4, 0.9}, {2, 0.8}};
  std::vector<std::int64_t> ids;
  for (const auto& hit : fuse(words, meaning, 10)) ids.push_back(hit.id);
  EXPECT_THAT(ids, ElementsAre(2, 1, 4, 3));
  EXPECT_EQ(fuse(words, meaning, 2).size(), 2u);
  EXPECT_THAT(fuse({}, {}, 5), IsEmpty());
}

TEST(VectorCache, KnowsTextsByModelAndTakesNothingElseForAVector) {
  testing::MemoryStore store;
  VectorCache cache(store, "model-a"), other(store, "model-b");
  const std::vector<std::string> keys = {cache.key_of("x"), cache.key_of("y")};
  ASSERT_TRUE(cache.put(std::span(keys).first(1), std::vector<Vector>{{0.6F, 0.8F}}));
  const auto found = cache.find(keys);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0], (Vector{0.6F, 0.8F}));
  EXPECT_FALSE((*found)[1]);
  EXPECT_NE(other.key_of("x"), keys[0]);
  for (const auto* json : {R"({"vector":"AAA="})", R"({"vector":"AAAAAA=="})", R"({"vector":"AADAfw=="})", R"({})"}) {
    ASSERT_TRUE(store.commit({store::Put{"knowledge_vectors", keys[1], json}}));
    EXPECT_FALSE((*cache.find(keys))[1]) << json;
  }
}

}  // namespace
}  // namespace toolrack::services::knowledge
