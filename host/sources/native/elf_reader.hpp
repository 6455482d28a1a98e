/// Reads what a shared library says about itself without running a line of it, and without believing a number in it.
///
/// dlopen maps first and looks later: a file that is still being copied kills the host with SIGBUS inside the dynamic
/// linker. So every library is read here first. A file that passes has all its loadable segments and its section table
/// inside the file; one that was cut off anywhere fails. The manifest travels as an ELF note, so that discovery needs
/// no dlopen at all. Only this file and constructors.cpp know ELF; a PE or Mach-O reader would stand beside them.
///
/// Threads: free functions without shared state. Memory: bounded by the limits below, whatever the headers claim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sources/native/load_error.hpp"

namespace toolrack::sources::native {

/// What a plugin's file may cost us to look at.
inline constexpr std::size_t kMaxManifestBytes = 4 << 20;
inline constexpr std::size_t kMaxTableBytes = 32 << 20;  ///< Of the section table, the symbols and their names, each.

/// The note that carries the manifest: section .note.toolrack, owner "Toolrack", this type.
inline constexpr std::uint32_t kManifestNoteType = 0x54524d31;

/// A note of this type, in the same section, carries a document for knowledge search: its file name, a zero byte, its
/// text. As many as there are documents.
inline constexpr std::uint32_t kDocumentNoteType = 0x54524b31;
inline constexpr std::size_t kMaxNoteBytes = 16 << 20;  ///< Of all notes of a segment or section together.

/// A library that can be mapped safely. Strings are copies; the file is closed.
struct ElfInfo {
  std::string build_id;                          ///< Lower-case hex of the GNU build id; empty when it has none.
  std::string manifest;                          ///< The note's bytes; empty when it has none.
  bool has_two_manifests = false;                ///< Another note says something else.
  std::map<std::string, std::string> documents;  ///< By file name; at most what a tool may bring.
  std::string document_problem;                  ///< What is wrong with those notes; empty: nothing.
  std::vector<std::string> exported;  ///< Defined global or weak dynamic symbols, the first thousand and our entry.
  std::vector<std::string> unique_symbols;  ///< STB_GNU_UNIQUE: shared by name with every other library of the process.
  std::vector<std::string> needed;          ///< DT_NEEDED.
  std::vector<std::string> versions;        ///< Of symbols that it cannot do without: "GLIBC_2.34", "GLIBCXX_3.4.30".
  std::vector<std::string> run_paths;       ///< DT_RPATH and DT_RUNPATH.
  std::uint64_t size = 0;                   ///< Of the file.
  bool has_thread_destructors = false;  ///< Wants __cxa_thread_atexit: a thread_local with destructor keeps it mapped.
  bool never_unloads = false;           ///< DF_1_NODELETE.
  bool has_text_relocations = false;
  bool has_executable_stack = false;  ///< Asked for, or left to the linker by saying nothing, as some assemblers do.

  bool exports(std::string_view symbol) const noexcept;
};

/// Reads the regular file at `path`, following symbolic links. kTruncated when anything lies outside the file, kNotElf
/// when it is no 64-bit little-endian shared library, kArch when it is one for another processor, kManifest when its
/// notes are longer than manifest and documents may be; the message names the place.
LoadResult<ElfInfo> read_elf(const std::string& path);

/// The same of an open file; `fd` stays open and its position is not used.
LoadResult<ElfInfo> read_elf(int fd);

}  // namespace toolrack::sources::native
