#include "sources/native/directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "sources/native/knowledge_folder.hpp"
#include "sources/native/signature.hpp"

namespace toolrack::sources::native {
namespace {

bool is_candidate(const std::string& name) {
  const auto is_named = [&](std::string_view suffix) { return name.size() > suffix.size() && name.ends_with(suffix); };
  return name.front() != '.' && (is_named(".so") || is_named(kManifestSuffix));  // *.so.tmp and *.so~ do not end so.
}

std::string remedy_for(const std::error_code& failed) {
  if (failed == std::errc::no_such_file_or_directory)
    return "Make the directory, mount its volume again, or take it out of \"plugins\"; tools that served from it go "
           "on.";
  if (failed == std::errc::not_a_directory) return "Name the directory that the file is in.";
  return "Let the service user read the directory; tools that served from it go on.";
}

/// Links are followed. A bind mount of the same file system has an id of its own; ids are used again, so the device
/// counts as well.
Mount mount_of(const std::filesystem::path& folder) {
  struct statx status {};
  if (::statx(AT_FDCWD, folder.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) != 0) return {};
  return {.device = makedev(status.stx_dev_major, status.stx_dev_minor),
          .id = (status.stx_mask & STATX_MNT_ID) != 0 ? status.stx_mnt_id : 0};
}

}  // namespace

std::filesystem::path without_end_slash(const std::filesystem::path& directory) {
  return directory.has_filename() ? directory : directory.parent_path();
}

std::vector<Candidate> list_candidates(const std::vector<PluginDirectory>& directories) {
  Mounts none;
  return list_candidates(directories, none);
}

std::vector<Candidate> list_candidates(const std::vector<PluginDirectory>& directories, Mounts& seen) {
  std::vector<Candidate> out;
  for (const auto& directory : directories) {
    const auto folder = without_end_slash(directory.path);
    std::error_code failed;
    std::vector<std::string> names;
    const auto before = mount_of(folder);
    std::filesystem::directory_iterator at(folder, failed);
    for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
      auto name = at->path().filename().string();
      if (is_candidate(name)) names.push_back(std::move(name));
    }
    if (failed) {
      out.push_back({folder.string(), directory.bundled,
                     LoadError(LoadCode::kPermissions, fmt::format("cannot read the folder: {}", failed.message()),
                               remedy_for(failed))});
      continue;
    }
    const auto after = mount_of(folder);  // A volume may come or go while its names are read.
    const auto last = seen.find(folder.string());
    if (names.empty() && last != seen.end() && (before != last->second || after != last->second)) {
      out.push_back({folder.string(), directory.bundled,
                     LoadError(LoadCode::kPermissions, "it is empty, and not on the volume that its tools came from",
                               "Mount the volume again; tools that served from it go on. When they are to go, restart "
                               "the gateway.")});
      continue;
    }
    if (!names.empty() && before == after) seen.insert_or_assign(folder.string(), after);
    std::sort(names.begin(), names.end());
    for (const auto& name : names) out.push_back({(folder / name).string(), directory.bundled, std::nullopt});
  }
  return out;
}

LoadResult<FileStamp> stamp_with_knowledge(const std::string& path, bool require_safe_permissions) {
  auto stamped = stamp(path, require_safe_permissions);
  if (stamped) stamped->signature = stamp_signature(path);
  if (!stamped || !path.ends_with(kManifestSuffix)) return stamped;
  auto beside = stamp_knowledge(path, require_safe_permissions);
  if (!beside) return tl::unexpected(beside.error());
  stamped->knowledge = *std::move(beside);
  return stamped;
}

Fingerprints take_fingerprints(const std::vector<PluginDirectory>& directories) {
  Fingerprints out;
  for (const auto& candidate : list_candidates(directories)) {
    auto stamped = stamp_with_knowledge(candidate.path, false);
    out.emplace(candidate.path, stamped && !candidate.failure ? *std::move(stamped) : FileStamp{});
  }
  return out;
}

}  // namespace toolrack::sources::native
