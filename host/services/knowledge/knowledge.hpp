/// Knowledge search: what the tools of the catalogue bring to read, found by what somebody asks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "registry/catalogue.hpp"
#include "services/knowledge/embedder.hpp"
#include "services/knowledge/knowledge_index.hpp"
#include "services/knowledge/vector_cache.hpp"

namespace toolrack::services::knowledge {

struct Query {
  std::string text;
  std::size_t limit = 5;
  std::shared_ptr<const registry::Tool> tool = nullptr;  ///< Null: all of the catalogue's default versions.
  /// Only these of them, perhaps none; empty: all.
  std::optional<std::vector<std::shared_ptr<const registry::Tool>>> among = std::nullopt;
  /// May the text be sent to the embedding endpoint, where there is one?
  bool may_embed = true;
};

/// Best first. The entries belong to `index`.
struct Found {
  std::shared_ptr<const KnowledgeIndex> index;
  std::vector<text::Hit> hits;
  bool is_hybrid = false;  ///< By words and by meaning.
  std::string notice;      ///< Why it is not, although an endpoint is configured; empty: there is nothing to say.
};

/// {results: [{tool, document, title, headings, text, score}], method: "words" or "hybrid", notice?}.
std::string to_json(const Found& found);

/// Owner: the application's wiring; outlives sources and operations. Threads: all functions any.
class Knowledge {
 public:
  /// Indexes are made in `pool`. With `embedder` and `cache` passages are found by meaning as well. All outlive us.
  explicit Knowledge(base::Pool& pool, Embedder* embedder = nullptr, VectorCache* cache = nullptr)
      : pool_(pool), embedder_(embedder), cache_(cache) {}

  /// What is searched from now on. Its index is made in the pool; who searches before that waits for it.
  void publish(const registry::Catalogue& catalogue);
  /// Lets go of every tool; searches fail from now on.
  void close();

  /// May wait: not on a loop. kUnavailable before `publish` and after `close`; kInvalidUtf8.
  base::Result<Found> search(const Query& query);
  /// The same in the pool, where `done` runs. False when the pool takes nothing any more: `done` never runs.
  bool search_soon(Query query, std::function<void(base::Result<Found>)> done);

 private:
  class Edition;
  using EditionPtr = std::shared_ptr<Edition>;
  base::Result<EditionPtr> edition_for(const Query& query);
  base::Result<Found> search_in(const EditionPtr& edition, const Query& query, Range range);
  /// Asks for the vectors that an edition lacks, in the pool, unless somebody does already.
  void embed_soon(const EditionPtr& edition);
  /// Joins to what words found what means alike; else says in the notice why not.
  void add_meaning(const EditionPtr& edition, const Query& query, Range range, Found& found);
  base::Result<Vector> vector_of(const std::string& text);

  base::Pool& pool_;
  Embedder* const embedder_;
  VectorCache* const cache_;
  base::Mutex mutex_;
  /// Of the last few hundred queries.
  std::unordered_map<std::string, Vector> query_vectors_ TR_GUARDED_BY(mutex_);
  EditionPtr current_ TR_GUARDED_BY(mutex_);
  /// Of a version that is not in the catalogue any more, and whose calls still run: the last one asked for.
  EditionPtr stray_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::services::knowledge
