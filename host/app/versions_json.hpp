/// What was decided about versions and what came of it, as JSON.
#pragma once

#include <string>
#include <string_view>

#include "app/version_trials.hpp"
#include "base/json.hpp"
#include "registry/catalogue.hpp"

namespace toolrack::app {

/// What is shown; borrowed.
struct VersionsView {
  const registry::Catalogue& catalogue;
  const registry::VersionPolicies& policies;
  const VersionTrials& trials;
  const registry::TrialSettings& settings;
};

/// {tool, usual, versions: [those that serve], promoted?, is_disabled?, disabled?, canary?, set_back?, before?,
/// forced?, trial?} of
/// "owner/slug". `usual` is null when none serves.
void write_versions(base::json::Writer& writer, std::string_view id, const VersionsView& view);

/// An array of the same: every tool about which something was decided, or that has a version on trial.
std::string versions_json(const VersionsView& view);

}  // namespace toolrack::app
