#include "registry/version_decision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace toolrack::registry {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMostBefore = 8;

std::string list_versions(std::span<const Tool* const> versions) {
  std::string out;
  for (const auto* tool : versions) out.append(out.empty() ? "" : ", ").append(tool->version);
  return out.empty() ? "none" : out;
}

Result<const Tool*> find_version(std::string_view id, std::span<const Tool* const> versions, std::string_view version) {
  const auto found = std::ranges::find(versions, version, &Tool::version);
  if (found != versions.end()) return *found;
  return fail(ErrorCode::kVersionNotFound,
              fmt::format("{} has no version \"{}\"; there are: {}", id, version, list_versions(versions)),
              "Name one of them as a whole: tool@1.4.0.");
}

void forget_set_back(VersionPolicy& policy, std::string_view version) {
  std::erase_if(policy.set_back, [version](const SetBack& one) { return one.version == version; });
}

void set_back(VersionPolicy& policy, const Tool& tool, std::string reason, std::int64_t unix_ns) {
  forget_set_back(policy, tool.version);
  policy.set_back.push_back(
      {.version = tool.version, .build_id = tool.build_id, .reason = std::move(reason), .unix_ns = unix_ns});
}

base::Error is_disabled(const VersionPolicy& policy, std::string_view id, std::string_view version) {
  return base::Error(ErrorCode::kConflict, fmt::format("{}@{} is disabled", id, version),
                     policy.is_disabled ? fmt::format("First `toolrack enable {}`.", id)
                                        : fmt::format("First `toolrack enable {}@{}`.", id, version));
}

Result<VersionPolicy> promote(VersionPolicy policy, std::string_view id, std::span<const Tool* const> versions,
                              const std::string& version) {
  if (!version.empty()) {
    TRY(find_version(id, versions, version));
    if (policy.is_withheld(version)) return tl::unexpected(is_disabled(policy, id, version));
    forget_set_back(policy, version);
    if (policy.canary && policy.canary->version == version) policy.canary.reset();
  }
  policy.promoted = version;
  return policy;
}

Result<VersionPolicy> show_canary(VersionPolicy policy, std::string_view id, std::span<const Tool* const> versions,
                                  const VersionDecision& decision) {
  const auto& version = decision.version;
  if (version.empty()) {
    if (decision.canary.share != 0 || !decision.canary.keys.empty())
      return fail(ErrorCode::kInvalidRequest, fmt::format("no version of {} is named as its canary", id),
                  fmt::format("Name it: toolrack canary {}@VERSION ...", id));
    policy.canary.reset();
    return policy;
  }
  TRY(find_version(id, versions, version));
  if (decision.canary.share == 0 && decision.canary.keys.empty())
    return fail(ErrorCode::kInvalidRequest, fmt::format("nobody is to be shown {}@{}", id, version),
                fmt::format("Give a share (--percent 5) or keys (--keys ID,...); `toolrack canary {}` ends it.", id));
  if (policy.is_withheld(version)) return tl::unexpected(is_disabled(policy, id, version));
  const auto serving = not_withheld(versions, &policy);
  if (usual_version(serving, &policy).version == version)
    return fail(ErrorCode::kConflict, fmt::format("{}@{} is the usual version: everybody is shown it", id, version),
                "Promote the one that the others are to have, then make this one its canary.");
  policy.canary = decision.canary;
  policy.canary->version = version;
  return policy;
}

/// What was the usual one before and can be it again; else the highest below the present one.
const Tool* find_before(const VersionPolicy& policy, std::span<const Tool* const> serving, const Tool& present) {
  for (auto before = policy.before.rbegin(); before != policy.before.rend(); ++before) {
    const auto found = std::ranges::find(serving, *before, &Tool::version);
    if (found != serving.end() && *found != &present && policy.find_set_back(**found) == nullptr) return *found;
  }
  std::vector<const Tool*> lower(std::ranges::find(serving, &present) + 1, serving.end());
  return lower.empty() ? nullptr : &usual_version(lower, &policy);
}

}  // namespace

NameAndVersion split_version(std::string_view name) noexcept {
  const auto at = name.rfind('@');
  if (at == std::string_view::npos) return {name, {}};
  return {name.substr(0, at), name.substr(at + 1)};
}

std::vector<const Tool*> not_withheld(std::span<const Tool* const> versions, const VersionPolicy* policy) {
  std::vector<const Tool*> out;
  std::ranges::copy_if(versions, std::back_inserter(out),
                       [policy](const Tool* tool) { return policy == nullptr || !policy->is_withheld(tool->version); });
  return out;
}

void note_usual_before(VersionPolicy& policy, const Tool& before) {
  if (policy.find_set_back(before) != nullptr) return;
  std::erase(policy.before, before.version);
  policy.before.push_back(before.version);
  if (policy.before.size() > kMostBefore) policy.before.erase(policy.before.begin());
}

Result<VersionPolicy> roll_back(VersionPolicy policy, std::string_view id, std::span<const Tool* const> versions,
                                std::string reason, std::int64_t unix_ns) {
  const auto serving = not_withheld(versions, &policy);
  if (serving.empty())
    return fail(ErrorCode::kConflict, fmt::format("no version of {} serves: {}", id, list_versions(versions)),
                "See `toolrack plugins`; `toolrack enable` puts a version back into service.");
  const auto& present = usual_version(serving, &policy);
  const auto* target = find_before(policy, serving, present);
  if (target == nullptr)
    return fail(ErrorCode::kConflict,
                fmt::format("{} cannot go back from {}: no version that was the usual one before it, and none below "
                            "it, serves",
                            id, present.version),
                "Put the file of another version back, or name one: toolrack promote tool@version.");
  const auto was = std::ranges::find(policy.before, target->version);
  policy.before.erase(was, policy.before.end());
  forget_set_back(policy, present.version);
  forget_set_back(policy, target->version);
  policy.set_back.push_back(
      {.version = present.version, .build_id = present.build_id, .reason = std::move(reason), .unix_ns = unix_ns});
  policy.promoted.clear();
  // Left alone when that is what comes of it, so that a later version with the repair takes over by itself.
  if (&usual_version(serving, &policy) != target) policy.promoted = target->version;
  return policy;
}

VersionPolicy set_canary_back(VersionPolicy policy, const Tool& tool, std::string reason, std::int64_t unix_ns) {
  policy.canary.reset();
  set_back(policy, tool, std::move(reason), unix_ns);
  return policy;
}

Result<VersionPolicy> decide(VersionPolicy policy, const VersionDecision& decision, std::string_view id,
                             std::span<const Tool* const> versions, std::int64_t unix_ns) {
  const auto& version = decision.version;
  switch (decision.kind) {
    case VersionDecision::Kind::kPromote:
      return promote(std::move(policy), id, versions, version);
    case VersionDecision::Kind::kRollBack:
      if (!version.empty())
        return fail(ErrorCode::kInvalidRequest, fmt::format("a rollback leads to what was before, not to {}", version),
                    fmt::format("Leave the version out, or `toolrack promote {}@{}`.", id, version));
      return roll_back(std::move(policy), id, versions, "by the operator", unix_ns);
    case VersionDecision::Kind::kDisable:
      if (version.empty()) {
        policy.is_disabled = true;
      } else {
        TRY(find_version(id, versions, version));
        policy.disabled.insert(version);
      }
      return policy;
    case VersionDecision::Kind::kEnable:
      if (version.empty())
        policy.is_disabled = false;
      else
        policy.disabled.erase(version);
      return policy;
    case VersionDecision::Kind::kCanary:
      return show_canary(std::move(policy), id, versions, decision);
  }
  return policy;
}

}  // namespace toolrack::registry
