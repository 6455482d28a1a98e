/// `toolrack validate FILE`: is this manifest or plugin one that a gateway would serve?
#pragma once

#include <string>

#include "base/result.hpp"

namespace toolrack::app {

/// What is in it, for people; or kInvalidManifest, kInvalidRequest or kPluginFailed with everything that is wrong. No
/// code of a plugin runs.
base::Result<std::string> validate_file(const std::string& path);

}  // namespace toolrack::app
