/// The vectors of an index's passages, once all of them are there.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/published.hpp"
#include "base/result.hpp"
#include "services/knowledge/embedder.hpp"
#include "services/knowledge/knowledge_index.hpp"
#include "services/knowledge/vector_cache.hpp"

namespace toolrack::services::knowledge {

/// What the two ways of searching found, as one list: reciprocal rank fusion. Scores are sums of 1 / (60 + place), so a
/// passage that both found comes first.
std::vector<text::Hit> fuse(const std::vector<text::Hit>& by_words, const std::vector<text::Hit>& by_meaning,
                            std::size_t limit);

/// Threads: `complete` one at a time, everything else any.
class Meanings {
 public:
  /// The index outlives us.
  explicit Meanings(const KnowledgeIndex& index) : index_(index) {}

  bool is_complete() const noexcept { return is_complete_.load(std::memory_order_acquire); }
  /// Takes vectors from the cache and asks for the rest, and drops from the cache what no passage needs any more. What
  /// came is kept in the cache when it fails, so the next time goes on from there. Waits, perhaps for long; kCancelled
  /// once `is_wanted` says no.
  base::Result<void> complete(Embedder& embedder, VectorCache& cache, const std::function<bool()>& is_wanted);
  /// By falling cosine; nothing before it is complete.
  std::vector<text::Hit> nearest(const Vector& to, std::size_t limit, Range range) const;

 private:
  const KnowledgeIndex& index_;
  std::vector<Vector> vectors_;  // Written before is_complete_.
  std::atomic<bool> is_complete_{false};
};

}  // namespace toolrack::services::knowledge
