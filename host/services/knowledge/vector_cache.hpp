/// Vectors that were asked for once, in the store: a text is sent to the embedder only when it has changed.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "services/knowledge/embedder.hpp"
#include "store/store.hpp"

namespace toolrack::services::knowledge {

/// Threads: any; functions wait for the store.
class VectorCache {
 public:
  /// Vectors of another `space` are not found. The store outlives us.
  VectorCache(store::Store& store, std::string space) : store_(store), space_(std::move(space)) {}

  /// By the digest of space and text.
  std::string key_of(std::string_view text) const;
  /// nullopt for those that are not there, in the keys' order.
  base::Result<std::vector<std::optional<Vector>>> find(std::span<const std::string> keys);
  base::Result<void> put(std::span<const std::string> keys, std::span<const Vector> vectors);
  /// Drops whatever has another key.
  base::Result<void> keep_only(const std::set<std::string>& keys);

 private:
  store::Store& store_;
  const std::string space_;
};

}  // namespace toolrack::services::knowledge
