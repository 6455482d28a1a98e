#include "sources/native/constructors.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace toolrack::sources::native {
namespace {

using Constructor = void (*)(int, char**, char**);

/// In the range for operating systems, where the dynamic linker passes over what it does not know.
constexpr Elf64_Sxword kHiddenTags = 0x60545200;
constexpr std::pair<Elf64_Sxword, Elf64_Sxword> kTags[] = {
    {DT_INIT, kHiddenTags}, {DT_INIT_ARRAY, kHiddenTags + 1}, {DT_INIT_ARRAYSZ, kHiddenTags + 2}};

/// What a constructor is called with: the program's own, as its own constructors are.
struct Arguments {
  int count = 0;
  char** values = nullptr;
  char** environment = nullptr;
};
Arguments arguments;
__attribute__((constructor)) void keep_arguments(int count, char** values, char** environment) {
  arguments = {count, values, environment};
}

template <typename T>
bool read_at(int fd, std::uint64_t offset, T& out) noexcept {
  return ::pread(fd, &out, sizeof out, static_cast<off_t>(offset)) == static_cast<ssize_t>(sizeof out);
}

/// False with errno when the file could not be read or written.
bool hide_in(int fd) noexcept {
  Elf64_Ehdr header;
  if (!read_at(fd, 0, header)) return false;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!read_at(fd, header.e_phoff + i * sizeof segment, segment)) return false;
    if (segment.p_type != PT_DYNAMIC) continue;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= segment.p_filesz; at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      if (!read_at(fd, segment.p_offset + at, entry)) return false;
      if (entry.d_tag == DT_NULL) break;
      for (const auto& [tag, hidden] : kTags) {
        if (entry.d_tag != tag) continue;
        const auto place = static_cast<off_t>(segment.p_offset + at + offsetof(Elf64_Dyn, d_tag));
        if (::pwrite(fd, &hidden, sizeof hidden, place) != static_cast<ssize_t>(sizeof hidden)) return false;
      }
    }
  }
  return true;
}

}  // namespace

LoadResult<void> hide_constructors(const std::filesystem::path& copy) {
  const int fd = ::open(copy.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  errno = fd < 0 ? errno : 0;
  const bool is_done = fd >= 0 && hide_in(fd);
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (is_done) return {};
  return load_fail(LoadCode::kCopy, fmt::format("cannot edit {}: {}", copy.string(),
                                                error == 0 ? "it has been cut off" : std::strerror(error)));
}

void run_constructors(void* handle) {
  link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return;
  Constructor first = nullptr;
  const Constructor* list = nullptr;
  std::size_t count = 0;
  for (const auto* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == kHiddenTags) first = reinterpret_cast<Constructor>(map->l_addr + entry->d_un.d_ptr);
    if (entry->d_tag == kHiddenTags + 1) list = reinterpret_cast<const Constructor*>(map->l_addr + entry->d_un.d_ptr);
    if (entry->d_tag == kHiddenTags + 2) count = entry->d_un.d_val / sizeof(Constructor);
  }
  if (first != nullptr) first(arguments.count, arguments.values, arguments.environment);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < count; ++i) list[i](arguments.count, arguments.values, arguments.environment);
}

}  // namespace toolrack::sources::native
