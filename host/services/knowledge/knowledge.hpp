/// Knowledge search: what the tools of the catalogue bring to read, found by what somebody asks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "registry/catalogue.hpp"
#include "services/knowledge/knowledge_index.hpp"

namespace toolrack::services::knowledge {

struct Query {
  std::string text;
  std::size_t limit = 5;
  std::shared_ptr<const registry::Tool> tool = nullptr;  ///< Null: all of the catalogue's default versions.
};

/// Best first. The entries belong to `index`.
struct Found {
  std::shared_ptr<const KnowledgeIndex> index;
  std::vector<text::Hit> hits;
};

/// {results: [{tool, document, title, headings, text, score}], method}.
std::string to_json(const Found& found);

/// Owner: the application's wiring; outlives sources and operations. Threads: all functions any.
class Knowledge {
 public:
  /// Indexes are made in `pool`, which outlives us.
  explicit Knowledge(base::Pool& pool) : pool_(pool) {}

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
  base::Result<std::shared_ptr<const KnowledgeIndex>> index_for(const Query& query);

  base::Pool& pool_;
  base::Mutex mutex_;
  EditionPtr current_ TR_GUARDED_BY(mutex_);
  /// Of a version that is not in the catalogue any more, and whose calls still run: the last one asked for.
  EditionPtr stray_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::services::knowledge
