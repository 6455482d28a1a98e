/// A file's bytes -> the ELF reader -> everything that is decided about a plugin before it is loaded.
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "fuzz/fuzz.hpp"
#include "sources/native/checked_file.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::fuzz {
namespace {

namespace native = sources::native;

bool holds(std::string_view file, std::uint64_t offset, std::uint64_t size) {
  std::uint64_t end = 0;
  return !__builtin_add_overflow(offset, size, &end) && end <= file.size();
}

/// What the dynamic linker will map lies in the file: found out here with a plain look at the headers.
void check_segments(std::string_view file) {
  Elf64_Ehdr header;
  require(file.size() >= sizeof header, "a library has a header");
  std::memcpy(&header, file.data(), sizeof header);
  require(holds(file, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr)), "segments are in the file");
  require(header.e_shoff != 0 && holds(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr)),
          "the section table is in the file");
  bool is_loadable = false;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, file.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type != PT_LOAD) continue;
    is_loadable = true;
    require(holds(file, segment.p_offset, segment.p_filesz), "what is mapped is in the file");
  }
  require(is_loadable, "something is mapped");
}

}  // namespace

void check(std::string_view file) {
  static const net::UniqueFd& fd = *new net::UniqueFd(::memfd_create("fuzz", MFD_CLOEXEC));
  require(::ftruncate(fd.get(), 0) == 0, "a file can be emptied");
  require(::pwrite(fd.get(), file.data(), file.size(), 0) == static_cast<ssize_t>(file.size()),
          "a file can be written");

  const auto elf = native::read_elf(fd.get());
  const auto checked = native::check_file("/proc/self/fd/" + std::to_string(fd.get()), false);
  if (!elf) {
    require(!elf.error().message().empty(), "an error says what is wrong");
    require(!checked, "a file that cannot be read is no plugin");
    return;
  }
  require(elf->size == file.size(), "the size is the file's");
  require(elf->manifest.size() <= native::kMaxManifestBytes, "a manifest is not endless");
  require(elf->exported.size() <= 2048 && elf->needed.size() <= 2048 && elf->unique_symbols.size() <= 2048,
          "lists are not endless");
  check_segments(file);
  if (checked)
    require(!elf->manifest.empty() && elf->exports("toolrack_entry_v1"), "a plugin has a manifest and a door");
}

}  // namespace toolrack::fuzz
