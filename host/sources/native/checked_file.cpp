#include "sources/native/checked_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <toolrack/abi.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "registry/manifest.hpp"
#include "sources/native/knowledge_folder.hpp"

namespace toolrack::sources::native {
namespace {

std::optional<LoadError> find_unsafe(const std::string& path, const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return LoadError(LoadCode::kPermissions, fmt::format("{} belongs to user {}", path, status.st_uid));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return LoadError(LoadCode::kPermissions,
                     fmt::format("others than its owner may write to {} (mode {:o})", path, status.st_mode & 07777));
  }
  return std::nullopt;
}

struct Version {
  int major = 0, minor = 0;
};

std::optional<Version> read_version(std::string_view text) {
  Version out;
  const auto* end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, out.major);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != '.') return std::nullopt;
  read = std::from_chars(read.ptr + 1, end, out.minor);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return out;
}

/// Versions come first: a manifest of the future may break today's schema, and its reader should hear the reason.
std::optional<LoadError> find_wrong_version(std::string_view manifest) {
  const auto document = base::json::parse(manifest);
  if (!document) return LoadError(LoadCode::kManifest, "the manifest cannot be read: " + document.error().message());
  if (const auto text = base::json::find_string(*document, "manifest")) {
    const auto version = read_version(*text);
    if (version && (version->major > registry::kManifestMajor ||
                    (version->major == registry::kManifestMajor && version->minor > registry::kManifestMinor))) {
      return LoadError(LoadCode::kManifestNewer,
                       fmt::format("its manifest has version {}, this host understands {}.{}", *text,
                                   registry::kManifestMajor, registry::kManifestMinor));
    }
  }
  if (const auto text = base::json::find_string(*document, "abi")) {
    const auto version = read_version(*text);
    if (version && version->major != TR_ABI_MAJOR) {
      return LoadError(LoadCode::kAbiMajor, fmt::format("it is built for ABI {}, this host offers {}.{}", *text,
                                                        TR_ABI_MAJOR, TR_ABI_MINOR));
    }
  }
  return std::nullopt;
}

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < 3; ++i) out += (i == 0 ? "" : ", ") + names[i];
  return names.size() > 3 ? fmt::format("{} and {} more", out, names.size() - 3) : out;
}

std::string explain(const base::Error& error) {
  return error.details_json().empty() ? error.message() : fmt::format("{} {}", error.message(), error.details_json());
}

/// Everything but what the file itself says: `elf` is left empty.
LoadResult<CheckedFile> read_manifest(std::string_view manifest) {
  if (auto wrong = find_wrong_version(manifest)) return tl::unexpected(std::move(*wrong));
  auto tool = registry::load_manifest(manifest);
  if (!tool) return load_fail(LoadCode::kManifest, explain(tool.error()));
  auto programs = declarative::compile_programs(**tool);
  if (!programs) return load_fail(LoadCode::kManifest, explain(programs.error()));
  return CheckedFile{
      .elf = {}, .tool = std::move(*tool), .programs = std::move(*programs), .signed_digest = {}, .signer = {}};
}

}  // namespace

LoadResult<FileStamp> stamp(const std::string& path, bool require_safe_permissions) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ELOOP) return load_fail(LoadCode::kNotElf, "it leads to no file");
    return load_fail(LoadCode::kPermissions, fmt::format("cannot look at it: {}", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return load_fail(LoadCode::kNotElf, "it is no regular file");
  if (require_safe_permissions) {
    std::error_code failed;
    const auto real = std::filesystem::canonical(path, failed);
    if (failed) return load_fail(LoadCode::kPermissions, fmt::format("cannot follow it: {}", failed.message()));
    if (auto unsafe = find_unsafe(real.string(), status)) return tl::unexpected(std::move(*unsafe));
    // Who may write to a folder may replace what is in it: where the link stands, and where it leads.
    for (const auto& folder : {std::filesystem::path(path).parent_path(), real.parent_path()}) {
      struct stat of_folder {};
      if (::stat(folder.c_str(), &of_folder) != 0) {
        return load_fail(LoadCode::kPermissions,
                         fmt::format("cannot look at {}: {}", folder.string(), std::strerror(errno)));
      }
      if (auto unsafe = find_unsafe(folder.string(), of_folder)) return tl::unexpected(std::move(*unsafe));
    }
  }
  return FileStamp{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                   std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
                   std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec};
}

LoadResult<CheckedFile> check_file(const std::string& path, bool allow_unique_symbols) {
  auto elf = read_elf(path);
  if (!elf) return tl::unexpected(elf.error());
  if (elf->has_two_manifests)
    return load_fail(LoadCode::kNoManifest, "it carries two manifest notes, which do not agree");
  if (elf->manifest.empty()) return load_fail(LoadCode::kNoManifest, "it carries no manifest note (.note.toolrack)");
  if (elf->manifest.size() > kMaxManifestBytes)
    return load_fail(LoadCode::kManifest, fmt::format("its manifest has {} bytes, a manifest at most {}",
                                                      elf->manifest.size(), kMaxManifestBytes));
  auto read = read_manifest(elf->manifest);
  if (!read) return read;
  if (!elf->document_problem.empty()) return load_fail(LoadCode::kManifest, elf->document_problem);
  for (const auto& [name, text] : elf->documents)
    if (auto added = registry::add_document(*read->tool, name, text); !added)
      return load_fail(LoadCode::kManifest, added.error().message());
  elf->documents.clear();
  if (read->tool->source != "declarative") {
    if (auto checked = check_library(*elf, allow_unique_symbols); !checked) return tl::unexpected(checked.error());
    read->tool->source = "native";
  }
  read->tool->build_id = elf->build_id;
  read->elf = std::move(*elf);
  return read;
}

LoadResult<CheckedFile> check_manifest_file(const std::string& path) {
  constexpr std::uintmax_t kMostBytes = 4 << 20;
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (!failed && size > kMostBytes)
    return load_fail(LoadCode::kManifest, fmt::format("it has {} bytes, a manifest at most {}", size, kMostBytes));
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return load_fail(LoadCode::kPermissions, "it cannot be read");
  auto read = read_manifest(text);
  if (!read) return read;
  const auto name = std::filesystem::path(path).filename().string();
  if (name != read->tool->slug + std::string(kManifestSuffix))
    return load_fail(LoadCode::kManifest, fmt::format("its tool is called {}, so the file must be called {}{}",
                                                      read->tool->slug, read->tool->slug, kManifestSuffix));
  for (const auto& skill : read->tool->skills) {
    if (!read->programs[skill.index])
      return load_fail(LoadCode::kManifest,
                       fmt::format("manifest at /skills/{}: \"{}\" has no request block, and there is no library with "
                                   "code for it",
                                   skill.index, skill.name));
  }
  if (read->tool->needs_code())
    return load_fail(LoadCode::kManifest,
                     "manifest at /resources, /prompts and /dynamic: they need code, and there is no library with it");
  const auto own_documents = read->tool->knowledge.size();
  if (auto added = add_knowledge(path, *read->tool); !added) return tl::unexpected(added.error());
  auto bytes = text;
  for (auto i = own_documents; i < read->tool->knowledge.size(); ++i) {
    const auto& document = read->tool->knowledge[i];
    bytes.append(1, '\0').append(document.id).append(1, '\0').append(document.text);
  }
  read->elf.size = text.size();
  read->elf.build_id = base::to_hex(base::as_bytes(base::sha256(bytes)));
  return read;
}

LoadResult<void> check_library(const ElfInfo& elf, bool allow_unique_symbols) {
  if (!elf.exports(TR_ENTRY_V1_SYMBOL)) {
    return load_fail(LoadCode::kNoEntry, fmt::format("it does not export {}", TR_ENTRY_V1_SYMBOL));
  }
  if (!elf.unique_symbols.empty() && !allow_unique_symbols) {
    return load_fail(LoadCode::kUniqueSymbols,
                     fmt::format("it would share these with every other plugin: {}", list(elf.unique_symbols)));
  }
  // Loading it would make every stack of the process executable, or its code writable.
  if (elf.has_executable_stack) return load_fail(LoadCode::kUnsafeMemory, "it wants an executable stack");
  if (elf.has_text_relocations)
    return load_fail(LoadCode::kUnsafeMemory, "it wants to write to its code (text relocations)");
  return {};
}

}  // namespace toolrack::sources::native
