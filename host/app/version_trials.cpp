#include "app/version_trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/semver.hpp"
#include "registry/versions.hpp"

namespace toolrack::app {
namespace {

using registry::Tool;

/// What a plugin is that lists its skills itself, whichever those are now; empty where a tool is one plugin anyway.
std::string identity_of(const Tool& tool) {
  return tool.lists_skills ? fmt::format("{}@{} {}", tool.id(), tool.version, tool.build_id) : std::string();
}

/// As the catalogue holds it, perhaps with other listed skills; null when it does not.
std::shared_ptr<const Tool> held_by(const registry::Catalogue& catalogue, const Tool& tool) {
  const auto versions = registry::versions_of(catalogue, tool);
  const auto identity = identity_of(tool);
  const auto found = std::ranges::find_if(versions, [&](const auto& one) {
    return one.get() == &tool || (!identity.empty() && identity_of(*one) == identity);
  });
  return found == versions.end() ? nullptr : *found;
}

}  // namespace

const registry::OutcomeTallies& VersionTrials::tallies(const std::vector<std::shared_ptr<const Tool>>& tools) {
  registry::OutcomeTallies next;
  std::map<std::string, std::shared_ptr<registry::OutcomeTally>> next_by_identity;
  for (const auto& tool : tools) {
    auto& tally = next[tool.get()];
    const auto identity = identity_of(*tool);
    const auto before = tallies_.find(tool.get());
    const auto same = by_identity_.find(identity);
    tally = before != tallies_.end()     ? before->second
            : same != by_identity_.end() ? same->second
                                         : std::make_shared<registry::OutcomeTally>(loops_);
    if (!identity.empty()) next_by_identity.emplace(identity, tally);
  }
  tallies_ = std::move(next);
  by_identity_ = std::move(next_by_identity);
  return tallies_;
}

void VersionTrials::update(const registry::Catalogue& before, const registry::Catalogue& now,
                           const registry::VersionPolicies& policies) {
  const auto canaries = now.canaries();
  for (auto& [key, trial] : all_) {
    if (auto newer = held_by(now, *trial.newer)) trial.newer = std::move(newer);
    if (auto older = held_by(now, *trial.older)) trial.older = std::move(older);
  }
  std::erase_if(all_, [&](const auto& entry) {
    const auto& trial = entry.second;
    const bool are_there = held_by(now, *trial.newer) != nullptr && held_by(now, *trial.older) != nullptr;
    const bool stands = trial.is_canary
                            ? std::ranges::count(canaries, std::pair(trial.newer.get(), trial.older.get())) > 0
                            : registry::default_of(now, *trial.newer) == trial.newer.get();
    return !are_there || !stands;
  });
  for (const auto* usual : now.tools()) {
    const auto* was = registry::default_of(before, *usual);
    const auto id = usual->id();
    const auto* policy = registry::find_policy(policies, id);
    // What was set back, or is gone, is not what anybody would want to have back.
    if (was == nullptr || was->version == usual->version ||
        (policy != nullptr && policy->find_set_back(*was) != nullptr))
      continue;
    const bool is_higher = registry::Semver::parse(was->version) < registry::Semver::parse(usual->version);
    const bool is_promoted = policy != nullptr && policy->promoted == usual->version;
    if ((is_higher || is_promoted) && held_by(now, *was) != nullptr) begin(id, now, *usual, *was, false);
  }
  for (const auto& [canary, usual] : canaries) {
    const auto found = all_.find({canary->id(), true});
    if (found == all_.end() || found->second.newer.get() != canary) begin(canary->id(), now, *canary, *usual, true);
  }
}

void VersionTrials::resume(const KeptTrial::ById& kept, const registry::Catalogue& now,
                           const registry::VersionPolicies& policies) {
  for (const auto* usual : now.tools()) {
    const auto found = kept.find(usual->id());
    if (found == kept.end() || found->second.version != usual->version || found->second.build_id != usual->build_id)
      continue;
    const auto versions = registry::versions_of(now, *usual);
    const auto older = std::ranges::find(versions, found->second.against, [](const auto& one) { return one->version; });
    const auto* policy = registry::find_policy(policies, found->first);
    if (older == versions.end() || (policy != nullptr && policy->find_set_back(**older) != nullptr)) continue;
    begin(found->first, now, *usual, **older, false);
    all_.at(Key(found->first, false)).older_known = found->second.older;
  }
}

KeptTrial::ById VersionTrials::to_keep() const {
  KeptTrial::ById out;
  for (const auto& [key, trial] : all_)
    if (!trial.is_canary && !trial.is_over)
      out.emplace(key.first, KeptTrial{.version = trial.newer->version,
                                       .build_id = trial.newer->build_id,
                                       .against = trial.older->version,
                                       .older = trial.older_known});
  return out;
}

void VersionTrials::begin(const std::string& id, const registry::Catalogue& now, const Tool& newer, const Tool& older,
                          bool is_canary) {
  VersionTrial trial{.newer = held_by(now, newer),
                     .older = held_by(now, older),
                     .is_canary = is_canary,
                     .newer_tally = tallies_.at(&newer),
                     .older_tally = tallies_.at(&older)};
  trial.newer_before = trial.newer_tally->counts();
  trial.older_before = trial.older_tally->counts();
  // A canary has its calls beside the older one's; a usual version has those that came before.
  if (!is_canary) trial.older_known = trial.older_before;
  all_.insert_or_assign(Key(id, is_canary), std::move(trial));
}

VersionTrials::Standing VersionTrials::look(const VersionTrial& trial, const registry::TrialSettings& settings) {
  Standing out{.newer = trial.newer_tally->counts() - trial.newer_before,
               .older = trial.older_tally->counts() - trial.older_before + trial.older_known};
  out.verdict = registry::judge(out.newer, out.older, settings);
  return out;
}

const VersionTrial* VersionTrials::find_open(const std::string& id) const {
  for (const bool is_canary : {true, false})
    if (const auto found = all_.find({id, is_canary}); found != all_.end() && !found->second.is_over)
      return &found->second;
  return nullptr;
}

bool VersionTrials::has_open() const noexcept {
  return std::ranges::any_of(all_, [](const auto& entry) { return !entry.second.is_over; });
}

void VersionTrials::end(const Key& key) {
  if (const auto found = all_.find(key); found != all_.end()) found->second.is_over = true;
}

std::string to_text(const VersionTrials::Standing& standing, const VersionTrial& trial) {
  return fmt::format("{} of {} calls have failed, of {} {} of {}", standing.newer.errors, standing.newer.calls,
                     trial.older->version, standing.older.errors, standing.older.calls);
}

}  // namespace toolrack::app
