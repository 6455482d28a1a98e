/// What somebody decides about the versions of a tool, and what that makes of what was decided before. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "registry/version_policy.hpp"

namespace toolrack::registry {

struct VersionDecision {
  enum class Kind : std::uint8_t {
    kPromote,  ///< That version is the usual one; without a version, the highest stable one is again.
    kRollBack,
    kDisable,
    kEnable,
    kCanary,  ///< That version is shown to some callers; without a version, the usual one to all again.
  };
  Kind kind = Kind::kPromote;
  std::string version;  ///< Whole: "1.4.0". Empty: the tool.
  Canary canary = {};   ///< With kCanary: to whom; its version is the decision's.
};

/// "seo@1.4.0" in its two parts; `version` is empty without an @.
struct NameAndVersion {
  std::string_view name, version;
};
NameAndVersion split_version(std::string_view name) noexcept;

/// `policy` with the decision. `versions` are those of tool `id` that are there, withheld ones too, the highest first.
/// kVersionNotFound lists them; kConflict says what stands in the way.
base::Result<VersionPolicy> decide(VersionPolicy policy, const VersionDecision& decision, std::string_view id,
                                   std::span<const Tool* const> versions, std::int64_t unix_ns);

/// The usual version is no longer `from`, for that reason. kConflict: there is no other.
base::Result<VersionPolicy> roll_back(VersionPolicy policy, std::string_view id, std::span<const Tool* const> versions,
                                      std::string reason, std::int64_t unix_ns);

/// The canary is shown to nobody any more, for that reason. `tool` is its version.
VersionPolicy set_canary_back(VersionPolicy policy, const Tool& tool, std::string reason, std::int64_t unix_ns);

/// Of those, the ones that serve.
std::vector<const Tool*> not_withheld(std::span<const Tool* const> versions, const VersionPolicy* policy);

/// `before` is not the usual version any more. A rollback has it forgotten, so that it does not lead back.
void note_usual_before(VersionPolicy& policy, const Tool& before);

}  // namespace toolrack::registry
