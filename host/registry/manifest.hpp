/// Reads a manifest: checks it against schema/manifest.schema.json, then against what a schema cannot say, and compiles
/// it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// The newest manifest minor version this host understands: manifest "1.<= kManifestMinor".
inline constexpr int kManifestMajor = 1;
inline constexpr int kManifestMinor = 0;
inline constexpr std::size_t kMaxSkills = 2'000;

/// The tool with its skills, validators compiled, handlers not yet set. Errors are kInvalidManifest, and name every
/// violation with its JSON Pointer (details: [{pointer, keyword?, message}]); a newer manifest version is refused with
/// both numbers. Beyond the schema: unique skill names, no `__`, flat names of at most 64 of [A-Za-z0-9_-], providers
/// and credentials that are named exist, prices parse, schemas compile, at most kMaxSkills, and no hidden text: control
/// characters (but tab and line ends), bidirectional overrides and tags, which show people something else than models
/// read. Examples' values, providers' options and the x- members of the manifest and its skills may hold anything. At
/// most 32 violations are told, and how many there are beside.
base::Result<std::shared_ptr<Tool>> load_manifest(std::string_view json);

}  // namespace toolrack::registry
