#include "registry/version_policy.hpp"

#include <algorithm>
#include <utility>

#include "registry/semver.hpp"

namespace toolrack::registry {

const SetBack* VersionPolicy::find_set_back(const Tool& tool) const noexcept {
  const auto found = std::ranges::find_if(
      set_back, [&](const SetBack& one) { return one.version == tool.version && one.build_id == tool.build_id; });
  return found == set_back.end() ? nullptr : &*found;
}

const Tool& usual_version(std::span<const Tool* const> descending, const VersionPolicy* policy) noexcept {
  if (policy != nullptr && !policy->promoted.empty()) {
    const auto promoted = std::ranges::find(descending, policy->promoted, &Tool::version);
    if (promoted != descending.end()) return **promoted;
  }
  const auto rank = [policy](const Tool* tool) {
    const auto version = Semver::parse(tool->version);
    const bool is_stable = version && version->is_stable();
    return std::pair(!is_stable, policy != nullptr && policy->find_set_back(*tool) != nullptr);
  };
  return **std::ranges::min_element(descending, {}, rank);
}

const VersionPolicy* find_policy(const VersionPolicies& policies, std::string_view id) noexcept {
  const auto found = policies.find(id);
  return found == policies.end() ? nullptr : &found->second;
}

}  // namespace toolrack::registry
