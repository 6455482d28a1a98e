#include "sources/native/directory.hpp"

#include <fmt/format.h>

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

}  // namespace

std::filesystem::path without_end_slash(const std::filesystem::path& directory) {
  return directory.has_filename() ? directory : directory.parent_path();
}

std::vector<Candidate> list_candidates(const std::vector<PluginDirectory>& directories) {
  std::vector<Candidate> out;
  for (const auto& directory : directories) {
    const auto folder = without_end_slash(directory.path);
    std::error_code failed;
    std::vector<std::string> names;
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
