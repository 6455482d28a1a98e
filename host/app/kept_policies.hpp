/// What was decided about versions, as the store keeps it: it holds across restarts.
#pragma once

#include <string>

#include "base/result.hpp"
#include "registry/version_policy.hpp"
#include "store/store.hpp"

namespace toolrack::app {

/// Collection `tool_versions`, by "owner/slug". Owner: whoever decides; one thread at a time. The store outlives it.
class KeptPolicies {
 public:
  /// Reads all of them. kStoreFailed names a document that cannot be read.
  static base::Result<KeptPolicies> open(store::Store& store);

  const registry::VersionPolicies& all() const noexcept { return all_; }
  /// The tool's; an empty one when nothing was decided.
  registry::VersionPolicy of(const std::string& id) const;
  /// Durable when it returns; on an error everything is as it was. Not on a loop.
  base::Result<void> keep(const std::string& id, registry::VersionPolicy policy);

 private:
  explicit KeptPolicies(store::Store& store) : store_(&store) {}
  store::Store* store_;
  registry::VersionPolicies all_;
};

}  // namespace toolrack::app
