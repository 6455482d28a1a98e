/// What lies in plugin directories, and whether it is still what it was: names and stamps, no content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sources/native/checked_file.hpp"
#include "sources/native/load_error.hpp"

namespace toolrack::sources::native {

struct PluginDirectory {
  std::filesystem::path path;
  bool bundled = false;  ///< Its tools ship with the program and win bare slugs.
};

/// The path without slashes at its end, as the paths of its files have it: what names one directory is equal.
std::filesystem::path without_end_slash(const std::filesystem::path& directory);

/// A file that may be a plugin, or a directory that cannot be read.
struct Candidate {
  std::string path;
  bool bundled = false;
  std::optional<LoadError> failure = std::nullopt;  ///< Of a directory.
};

/// Every *.so and *.tool.json of the directories, in the given order, names sorted; hidden files, *.tmp and *~ are
/// passed over.
std::vector<Candidate> list_candidates(const std::vector<PluginDirectory>& directories);

/// What a directory lies in.
struct Mount {
  std::uint64_t device = 0, id = 0;  ///< `id`: 0 where the kernel does not tell it.
  friend bool operator==(const Mount&, const Mount&) = default;
};
/// By directory: where plugins were seen in it last.
using Mounts = std::map<std::string, Mount>;

/// The same, but a directory without a plugin that lies elsewhere than `seen` has it is the mount point of a volume
/// that is away, and cannot be read. `seen` is brought up to date.
std::vector<Candidate> list_candidates(const std::vector<PluginDirectory>& directories, Mounts& seen);

/// `stamp` of the file, with its signature and the documents beside a manifest.
LoadResult<FileStamp> stamp_with_knowledge(const std::string& path, bool require_safe_permissions);

/// The stamps of all candidates by path. What cannot be looked at has an empty one, so that it differs when it can.
using Fingerprints = std::map<std::string, FileStamp>;
Fingerprints take_fingerprints(const std::vector<PluginDirectory>& directories);

}  // namespace toolrack::sources::native
