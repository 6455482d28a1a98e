/// What was decided about the versions of one tool, by the operator or by the gateway itself, and which of them is the
/// usual one, that a bare name means. Pure; docs/versions.md is the operator's view.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "registry/canary.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// A version that was the usual one and is so no more, unless there is no other or it is promoted again. Another build
/// of the same version is not meant.
struct SetBack {
  std::string version, build_id;
  std::string reason;  ///< For people: "12 of 40 calls failed, of 1.4.0 3 of 900".
  std::int64_t unix_ns = 0;
  bool operator==(const SetBack&) const = default;
};

struct VersionPolicy {
  /// The usual one although a higher version may be there; without effect while it is not there. Empty: the highest.
  std::string promoted;
  bool is_disabled = false;                     ///< All versions, also those that come.
  std::set<std::string, std::less<>> disabled;  ///< These.
  std::vector<SetBack> set_back;                ///< One a version at most.
  std::optional<Canary> canary;                 ///< Without effect while its version is not there, or is the usual one.
  std::vector<std::string> before;              ///< What the usual one was before, the latest last; a few of them.
  std::set<std::string, std::less<>> forced;    ///< May take something away from callers of lower ones.

  bool is_withheld(std::string_view version) const noexcept { return is_disabled || disabled.contains(version); }
  const SetBack* find_set_back(const Tool& tool) const noexcept;
  /// Nothing was decided.
  bool is_empty() const { return *this == VersionPolicy(); }
  bool operator==(const VersionPolicy&) const = default;
};

/// By "owner/slug".
using VersionPolicies = std::map<std::string, VersionPolicy, std::less<>>;

/// Which of `descending` (versions of one tool from the highest down, none withheld, at least one) a name means that
/// fits all of them: the promoted one; else the highest stable one that is not set back; a pre-release only where
/// nothing stable is. `policy` may be null.
const Tool& usual_version(std::span<const Tool* const> descending, const VersionPolicy* policy) noexcept;

/// Null when nothing was decided.
const VersionPolicy* find_policy(const VersionPolicies& policies, std::string_view id) noexcept;

}  // namespace toolrack::registry
