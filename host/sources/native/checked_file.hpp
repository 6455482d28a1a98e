/// Everything that can be said about a file without loading it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "registry/tool.hpp"
#include "sources/declarative/program.hpp"
#include "sources/native/elf_reader.hpp"
#include "sources/native/load_error.hpp"

namespace toolrack::sources::native {

/// Tells whether a file is still the one we looked at.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  ///< Of content or of anything about it; nobody can set it back.
  std::string signature = {};   ///< Of the signature beside it (signature.hpp); `stamp` leaves it empty.
  std::string knowledge = {};   ///< Of the documents beside a manifest (knowledge_folder.hpp); `stamp` leaves it empty.
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Follows symbolic links. kPermissions when it cannot be looked at, or, with `require_safe_permissions`, when it or
/// its folder belongs to somebody else than root and us, or others may write to one of them. kNotElf for anything but a
/// file, and for a link to nothing.
LoadResult<FileStamp> stamp(const std::string& path, bool require_safe_permissions);

/// A plugin that may be loaded: whole, ours, with a manifest this host understands.
struct CheckedFile {
  ElfInfo elf;
  std::shared_ptr<registry::Tool> tool;  ///< Without handlers; source and build id set.
  declarative::Programs programs;        ///< Of the skills that the host carries out itself.
  std::string signed_digest;             ///< Of what a trusted signature covers; empty: none was asked for.
  std::string signer;                    ///< The public key of that signature.
};

/// Files that are a manifest and nothing else: "<slug>.tool.json".
inline constexpr std::string_view kManifestSuffix = ".tool.json";

/// The same for such a file and the documents beside it; `elf` has its size and, as build id, the digest of all their
/// bytes. kManifest also when its name is not the tool's, or a skill has no `request` block.
LoadResult<CheckedFile> check_manifest_file(const std::string& path);

/// Errors: what read_elf says, kNoManifest, kManifestNewer, kManifest, kAbiMajor, and those of check_library unless no
/// skill needs the library.
LoadResult<CheckedFile> check_file(const std::string& path, bool allow_unique_symbols);

/// Would loading it harm others? kNoEntry, kUniqueSymbols, kUnsafeMemory.
LoadResult<void> check_library(const ElfInfo& elf, bool allow_unique_symbols);

}  // namespace toolrack::sources::native
