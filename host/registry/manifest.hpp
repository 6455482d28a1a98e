/// Reads a manifest: checks it against schema/manifest.schema.json, then against what a schema cannot say, and compiles
/// it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// The newest manifest minor version this host understands: manifest "1.<= kManifestMinor".
inline constexpr int kManifestMajor = 1;
inline constexpr int kManifestMinor = 0;
inline constexpr std::size_t kMaxSkills = 2'000;
/// Of one tool; prompts too. Every template may be tried for a URI.
inline constexpr std::size_t kMaxResources = 2'000, kMaxTemplates = 100;
/// In one page of a list that a plugin gives itself.
inline constexpr std::size_t kMaxListed = 1'000;

/// The tool with its skills, validators compiled, handlers not yet set. Errors are kInvalidManifest, and name every
/// violation with its JSON Pointer (details: [{pointer, keyword?, message}]); a newer manifest version is refused with
/// both numbers. Beyond the schema: unique skill names, no `__`, flat names of at most 64 of [A-Za-z0-9_-], providers
/// and credentials that are named exist, prices parse, schemas compile, at most kMaxSkills, URI templates are of level
/// 2 and have a scheme, and no hidden text: control characters (but tab and line ends), bidirectional overrides and
/// tags, which show people something else than models read. Examples' values, providers' options and the x- members of
/// the manifest and its skills may hold anything. At most 32 violations are told, and how many there are beside.
base::Result<std::shared_ptr<Tool>> load_manifest(std::string_view json);

/// `manifest`, a tool as it was loaded, with the skills behind its own that its plugin lists itself. `items`: their
/// JSON objects, in the manifest's words and compact, with commas between them. They are read and checked as if they
/// stood in the manifest; kInvalidManifest names places such as /items/0/input. Handlers are taken over; those of
/// listed skills are not set.
base::Result<std::shared_ptr<Tool>> with_listed_skills(const Tool& manifest, std::string_view items);

/// Fills `tool.services` for what it offers and lists beside its skills; handlers not yet set. Its skills are complete.
void add_services(Tool& tool);

/// An entry of the manifest's `resources` or `prompts`, or of a list that the plugin gives itself: what it says, not
/// checked. Of a template that is none, `uri_template` is null.
Resource resource_of(const Tool& tool, const base::json::Value& entry);
Prompt prompt_of(const Tool& tool, const base::json::Value& entry);

}  // namespace toolrack::registry
