#include "sources/native/knowledge_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "base/encoding.hpp"
#include "sources/native/checked_file.hpp"

namespace toolrack::sources::native {
namespace {

std::filesystem::path folder_of(const std::string& manifest_path) {
  return manifest_path.substr(0, manifest_path.size() - kManifestSuffix.size()) + ".knowledge";
}

/// Sorted; none when there is no folder.
LoadResult<std::vector<std::filesystem::path>> list_documents(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  std::error_code failed;
  if (!std::filesystem::exists(folder, failed)) return out;
  std::filesystem::directory_iterator at(folder, failed);
  for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
    const auto name = at->path().filename().string();
    if (name.front() == '.' || !name.ends_with(registry::kDocumentSuffix)) continue;
    std::error_code gone;
    if (at->is_regular_file(gone)) out.push_back(at->path());
    if (out.size() > registry::kMaxDocuments)
      return load_fail(LoadCode::kManifest,
                       fmt::format("{} holds more than {} documents", folder.string(), registry::kMaxDocuments));
  }
  if (failed)
    return load_fail(LoadCode::kPermissions,
                     fmt::format("cannot read the folder {}: {}", folder.string(), failed.message()));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

LoadResult<std::string> stamp_knowledge(const std::string& manifest_path, bool require_safe_permissions) {
  const auto documents = list_documents(folder_of(manifest_path));
  if (!documents) return tl::unexpected(documents.error());
  std::string all;
  for (const auto& path : *documents) {
    const auto one = stamp(path.string(), require_safe_permissions);
    if (!one) return tl::unexpected(one.error());
    all +=
        fmt::format("{} {} {} {} {}\n", path.filename().string(), one->device, one->inode, one->size, one->modified_ns);
  }
  return all.empty() ? all : base::to_hex(base::as_bytes(base::sha256(all)));
}

LoadResult<void> add_knowledge(const std::string& manifest_path, registry::Tool& tool) {
  const auto documents = list_documents(folder_of(manifest_path));
  if (!documents) return tl::unexpected(documents.error());
  for (const auto& path : *documents) {
    // One byte more than a tool may bring is enough to know; a file may grow while it is read.
    std::string text(registry::kMaxDocumentBytes + 1, '\0');
    std::ifstream file(path, std::ios::binary);
    if (!file) return load_fail(LoadCode::kPermissions, fmt::format("{} cannot be read", path.string()));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return load_fail(LoadCode::kPermissions, fmt::format("{} cannot be read", path.string()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (auto added = registry::add_document(tool, path.filename().string(), text); !added)
      return load_fail(LoadCode::kManifest, added.error().message());
  }
  return {};
}

}  // namespace toolrack::sources::native
