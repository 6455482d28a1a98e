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

}  // namespace

std::vector<Candidate> list_candidates(const std::vector<PluginDirectory>& directories) {
  std::vector<Candidate> out;
  for (const auto& directory : directories) {
    std::error_code failed;
    std::vector<std::string> names;
    std::filesystem::directory_iterator at(directory.path, failed);
    for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
      auto name = at->path().filename().string();
      if (is_candidate(name)) names.push_back(std::move(name));
    }
    if (failed) {
      out.push_back({directory.path.string(), directory.bundled,
                     LoadError(LoadCode::kPermissions, fmt::format("cannot read the folder: {}", failed.message()))});
      continue;
    }
    std::sort(names.begin(), names.end());
    for (const auto& name : names) out.push_back({(directory.path / name).string(), directory.bundled, std::nullopt});
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
