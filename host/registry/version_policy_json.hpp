/// Version policies as the store keeps them and as operators see them.
#pragma once

#include "base/json.hpp"
#include "registry/version_policy.hpp"

namespace toolrack::registry {

/// Members of an object that is open; what was not decided is left out.
void write_members(base::json::Writer& writer, const VersionPolicy& policy);
/// The same from such an object; unknown members are passed over.
VersionPolicy read_version_policy(const base::json::Value& object);

}  // namespace toolrack::registry
