/// Usual versions that are on trial, as the store keeps them: a restart or a renewal does not end a trial.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "registry/outcome_tally.hpp"
#include "store/store.hpp"

namespace toolrack::app {

struct KeptTrial {
  std::string version, build_id;  ///< Of the newer one; another build of that version is not meant.
  std::string against;            ///< The older one's version.
  registry::OutcomeCounts older;  ///< What that had done by the beginning.

  using ById = std::map<std::string, KeptTrial, std::less<>>;  ///< By "owner/slug".
  bool operator==(const KeptTrial&) const = default;
};

/// Collection `tool_trials`, by "owner/slug". Owner: LivePlugins; one thread at a time. The store outlives it.
class KeptTrials {
 public:
  /// A document that cannot be read is a trial of no version. Errors: those of the store.
  static base::Result<KeptTrials> open(store::Store& store);

  const KeptTrial::ById& all() const noexcept { return all_; }
  /// These and no others from now on. Writes what differs, and is durable when it returns; on an error everything is as
  /// it was. Not on a loop.
  base::Result<void> keep(KeptTrial::ById all);

 private:
  explicit KeptTrials(store::Store& store) : store_(&store) {}
  store::Store* store_;
  KeptTrial::ById all_;
};

}  // namespace toolrack::app
