/// Versions that have just come into service beside the one before them, and how both do.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/kept_trials.hpp"
#include "registry/catalogue.hpp"
#include "registry/version_trial.hpp"

namespace toolrack::app {

/// Of one tool: a version that everybody gets since a moment ago, or its canary.
struct VersionTrial {
  std::shared_ptr<const registry::Tool> newer, older;
  bool is_canary = false;
  bool is_over = false;  ///< It is judged, and both still stand.
  std::shared_ptr<const registry::OutcomeTally> newer_tally, older_tally;
  registry::OutcomeCounts newer_before, older_before;  ///< When it began, or went on in this process.
  registry::OutcomeCounts older_known;  ///< What the older one had done by the beginning, as far as it counts.
};

/// Owner: LivePlugins. One thread at a time.
class VersionTrials {
 public:
  explicit VersionTrials(std::size_t loops) : loops_(loops) {}

  /// A tally for each of `tools`; one that was there before goes on.
  const registry::OutcomeTallies& tallies(const std::vector<std::shared_ptr<const registry::Tool>>& tools);

  /// `now` takes the place of `before`: begins a trial where the usual version has changed and the one before still
  /// serves, and with a new canary; forgets those whose two versions do not stand against each other any more.
  void update(const registry::Catalogue& before, const registry::Catalogue& now,
              const registry::VersionPolicies& policies);

  /// For the first catalogue of a process: goes on with what another one has kept, where its two versions still stand
  /// against each other. The newer one's calls are counted anew.
  void resume(const KeptTrial::ById& kept, const registry::Catalogue& now, const registry::VersionPolicies& policies);
  /// What another process needs to go on with: those of usual versions that are open. Canaries begin anew by
  /// themselves.
  KeptTrial::ById to_keep() const;

  struct Standing {
    registry::OutcomeCounts newer, older;
    registry::Verdict verdict = registry::Verdict::kOpen;
  };
  static Standing look(const VersionTrial& trial, const registry::TrialSettings& settings);
  /// "owner/slug", and whether it is a canary's: a tool may have one of each.
  using Key = std::pair<std::string, bool>;
  /// Those that are over, too.
  const std::map<Key, VersionTrial>& all() const noexcept { return all_; }
  /// The canary's, when both are open.
  const VersionTrial* find_open(const std::string& id) const;
  bool has_open() const noexcept;
  void end(const Key& key);
  void forget_all() noexcept { all_.clear(); }

 private:
  void begin(const std::string& id, const registry::Catalogue& now, const registry::Tool& newer,
             const registry::Tool& older, bool is_canary);

  const std::size_t loops_;
  registry::OutcomeTallies tallies_;
  std::map<std::string, std::shared_ptr<registry::OutcomeTally>>
      by_identity_;  ///< Of those that list skills themselves.
  std::map<Key, VersionTrial> all_;
};

/// "12 of 40 calls have failed, of 1.4.0 3 of 900".
std::string to_text(const VersionTrials::Standing& standing, const VersionTrial& trial);

}  // namespace toolrack::app
