/// Reads a manifest: checks it against schema/manifest.schema.json, then against what a schema cannot say, and compiles
/// it.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// The newest manifest minor version this host understands: manifest "1.<= kManifestMinor".
inline constexpr int kManifestMajor = 1;
inline constexpr int kManifestMinor = 0;

/// The tool with its skills, validators compiled, handlers not yet set. Errors are kInvalidManifest, and name every
/// violation with its JSON Pointer (details: [{pointer, keyword?, message}]); a newer manifest version is refused with
/// both numbers. Beyond the schema: unique skill names, no `__`, flat names of at most 64 of [A-Za-z0-9_-], providers
/// and credentials that are named exist, prices parse, schemas compile.
base::Result<std::shared_ptr<Tool>> load_manifest(std::string_view json);

}  // namespace toolrack::registry
