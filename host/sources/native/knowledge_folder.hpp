/// Documents that lie beside a tool which is a manifest and nothing else: "<slug>.knowledge/" next to
/// "<slug>.tool.json". Plugins carry theirs in themselves.
#pragma once

#include <string>

#include "registry/tool.hpp"
#include "sources/native/load_error.hpp"

namespace toolrack::sources::native {

/// Tells whether the folder is still what it was: names, times and sizes of its documents, as text; empty when there is
/// no folder. Errors are those of `stamp` for each file.
LoadResult<std::string> stamp_knowledge(const std::string& manifest_path, bool require_safe_permissions);

/// Adds every "*.md" of the folder, in the order of their names; hidden files, other files and folders are passed over,
/// symbolic links followed. kPermissions for what cannot be read, kManifest for what is no document.
LoadResult<void> add_knowledge(const std::string& manifest_path, registry::Tool& tool);

}  // namespace toolrack::sources::native
