#include "sources/native/elf_reader.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/encoding.hpp"
#include "registry/document.hpp"

namespace toolrack::sources::native {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kOurMachine = EM_X86_64;
constexpr std::string_view kOurMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr std::uint16_t kOurMachine = EM_AARCH64;
constexpr std::string_view kOurMachineName = "aarch64";
#else
#error "the loader knows x86-64 and aarch64"
#endif

constexpr std::size_t kMaxNames = 1024;
constexpr std::size_t kMaxNameBytes = 4096;

/// Bytes at places that the file itself names. Reads with pread, so a file that shrinks meanwhile is an error, not a
/// signal.
class File {
 public:
  File(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  std::uint64_t size() const noexcept { return size_; }

  /// Overflow-safe: does [offset, offset + count) lie inside the file?
  bool holds(std::uint64_t offset, std::uint64_t count) const noexcept {
    return offset <= size_ && count <= size_ - offset;
  }

  /// `count` bytes at `offset`; kTruncated names `what` when they are not there.
  LoadResult<std::string> read(std::uint64_t offset, std::uint64_t count, std::size_t limit, std::string_view what) {
    if (!holds(offset, count)) return outside(offset, count, what);
    if (count > limit) {
      return load_fail(LoadCode::kNotElf,
                       fmt::format("{} is {} bytes long, more than the {} that are read", what, count, limit));
    }
    if (count > budget_) return load_fail(LoadCode::kNotElf, fmt::format("its tables overlap; gave up at {}", what));
    budget_ -= count;
    std::string bytes(count, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto got = ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        return load_fail(LoadCode::kPermissions, fmt::format("cannot read {}: {}", what, std::strerror(errno)));
      if (got == 0) return outside(offset, count, what);
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

  tl::unexpected<LoadError> outside(std::uint64_t offset, std::uint64_t count, std::string_view what) const {
    return load_fail(LoadCode::kTruncated, fmt::format("{} ends at {}+{}, the file at {}", what, offset, count, size_));
  }

 private:
  int fd_;
  std::uint64_t size_;
  std::uint64_t budget_ = 4 * kMaxTableBytes;  // A thousand headers may all name the same megabytes.
};

/// The `index`th T of a table of raw bytes; copied, because nothing promises alignment.
template <typename T>
T row(std::string_view table, std::size_t index) noexcept {
  T out;
  std::memcpy(&out, table.data() + index * sizeof(T), sizeof(T));
  return out;
}

/// The terminated string at `offset`, or nullopt when it does not end inside the table, or not soon.
std::optional<std::string_view> string_at(std::string_view strings, std::uint64_t offset) noexcept {
  if (offset >= strings.size()) return std::nullopt;
  const auto rest = strings.substr(offset, kMaxNameBytes);
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

/// Many names may be one long one: what is kept of each list is bounded. Our entry functions are kept in any case.
void keep(std::vector<std::string>& names, std::string_view name) {
  if (names.size() < kMaxNames || (name == "toolrack_entry_v1" && names.size() < 2 * kMaxNames))
    names.emplace_back(name);
}

LoadResult<Elf64_Ehdr> read_header(File& file) {
  if (file.size() == 0) return load_fail(LoadCode::kTruncated, "the file is empty");
  const auto magic = file.read(0, std::min<std::uint64_t>(file.size(), SELFMAG), SELFMAG, "the magic number");
  if (!magic) return tl::unexpected(magic.error());
  if (std::memcmp(magic->data(), ELFMAG, magic->size()) != 0) {
    return load_fail(LoadCode::kNotElf, "the file does not begin with \\x7fELF");
  }
  const auto bytes = file.read(0, sizeof(Elf64_Ehdr), sizeof(Elf64_Ehdr), "the ELF header");
  if (!bytes) return tl::unexpected(bytes.error());
  const auto header = row<Elf64_Ehdr>(*bytes, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return load_fail(LoadCode::kArch,
                     fmt::format("the file is not 64-bit little-endian, this host is {}", kOurMachineName));
  }
  if (header.e_machine != kOurMachine) {
    return load_fail(LoadCode::kArch, fmt::format("the file is for machine {}, this host is {} ({})", header.e_machine,
                                                  kOurMachineName, kOurMachine));
  }
  if (header.e_type != ET_DYN) {
    return load_fail(LoadCode::kNotElf, fmt::format("ELF type {} is no shared library ({})", header.e_type, ET_DYN));
  }
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_phentsize != sizeof(Elf64_Phdr) ||
      (header.e_shnum != 0 && header.e_shentsize != sizeof(Elf64_Shdr))) {
    return load_fail(LoadCode::kNotElf, "its header describes tables of an unknown shape");
  }
  return header;
}

LoadResult<std::string> read_note_bytes(File& file, std::uint64_t offset, std::uint64_t size, std::string_view what) {
  if (file.holds(offset, size) && size > kMaxNoteBytes) {
    return load_fail(LoadCode::kManifest, fmt::format("{} has {} bytes, notes at most {}", what, size, kMaxNoteBytes));
  }
  return file.read(offset, size, kMaxNoteBytes, what);
}

/// Segments and sections show the same bytes twice, so the same document again is no news.
void read_document(std::string_view data, ElfInfo& out) {
  if (!out.document_problem.empty()) return;
  const auto end = data.substr(0, kMaxNameBytes).find('\0');
  if (end == std::string_view::npos) {
    out.document_problem = "a document's note has no name";
    return;
  }
  const auto text = data.substr(end + 1);
  if (const auto known = out.documents.find(std::string(data.substr(0, end))); known != out.documents.end()) {
    if (known->second != text) out.document_problem = "two documents have one name";
    return;
  }
  std::size_t bytes = text.size();
  for (const auto& [name, one] : out.documents) bytes += one.size();
  if (out.documents.size() >= registry::kMaxDocuments || bytes > registry::kMaxDocumentBytes) {
    out.document_problem = fmt::format("it brings more than {} documents, or more than {} bytes of them",
                                       registry::kMaxDocuments, registry::kMaxDocumentBytes);
    return;
  }
  out.documents.emplace(data.substr(0, end), text);
}

/// Walks the notes of one PT_NOTE or SHT_NOTE; broken ones end the walk, like the tools that print them do.
void read_notes(std::string_view bytes, std::uint64_t align, ElfInfo& out) {
  const std::uint64_t unit = align == 8 ? 8 : 4;
  const auto padded = [unit](std::uint64_t n) { return (n + unit - 1) / unit * unit; };
  std::uint64_t at = 0;
  while (bytes.size() - at >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, bytes.data() + at, sizeof note);
    // 32-bit fields added up in 64 bits cannot overflow.
    const std::uint64_t name_at = at + sizeof note;
    const std::uint64_t data_at = at + padded(sizeof note + std::uint64_t{note.n_namesz});
    const std::uint64_t end = data_at + std::uint64_t{note.n_descsz};
    if (end > bytes.size()) return;
    auto name = bytes.substr(name_at, note.n_namesz);
    if (!name.empty() && name.back() == '\0') name.remove_suffix(1);
    const auto data = bytes.substr(data_at, note.n_descsz);
    if (name == "GNU" && note.n_type == NT_GNU_BUILD_ID && out.build_id.empty()) out.build_id = base::to_hex(data);
    if (name == "Toolrack" && note.n_type == kManifestNoteType) {
      // Segments and sections show the same bytes twice.
      if (out.manifest.empty())
        out.manifest = data;
      else if (out.manifest != data)
        out.has_two_manifests = true;
    }
    if (name == "Toolrack" && note.n_type == kDocumentNoteType) read_document(data, out);
    at = std::min<std::uint64_t>(padded(end), bytes.size());
  }
}

std::optional<LoadError> read_segments(File& file, const Elf64_Ehdr& header, ElfInfo& out) {
  const auto table = file.read(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), kMaxTableBytes,
                               "the program header table");
  if (!table) return table.error();
  bool is_loadable = false;
  // glibc takes silence for a wish here; elsewhere for none.
  out.has_executable_stack = header.e_machine == EM_X86_64;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = row<Elf64_Phdr>(*table, i);
    switch (segment.p_type) {
      case PT_LOAD:
        is_loadable = true;
        if (!file.holds(segment.p_offset, segment.p_filesz)) {
          return file.outside(segment.p_offset, segment.p_filesz, fmt::format("loadable segment {}", i)).value();
        }
        break;
      case PT_NOTE: {
        const auto notes = read_note_bytes(file, segment.p_offset, segment.p_filesz, "a note segment");
        if (!notes) return notes.error();
        read_notes(*notes, segment.p_align, out);
        break;
      }
      case PT_GNU_STACK:
        out.has_executable_stack = (segment.p_flags & PF_X) != 0;
        break;
      default:
        break;
    }
  }
  if (!is_loadable) return LoadError(LoadCode::kNotElf, "it has no loadable segment");
  return std::nullopt;
}

void read_dynamic(std::string_view table, std::string_view strings, ElfInfo& out) {
  for (std::size_t i = 0; i < table.size() / sizeof(Elf64_Dyn); ++i) {
    const auto entry = row<Elf64_Dyn>(table, i);
    switch (entry.d_tag) {
      case DT_NULL:
        return;
      case DT_NEEDED:
        if (const auto name = string_at(strings, entry.d_un.d_val)) keep(out.needed, *name);
        break;
      case DT_RPATH:
      case DT_RUNPATH:
        if (const auto path = string_at(strings, entry.d_un.d_val)) keep(out.run_paths, *path);
        break;
      case DT_TEXTREL:
        out.has_text_relocations = true;
        break;
      case DT_FLAGS:
        if ((entry.d_un.d_val & DF_TEXTREL) != 0) out.has_text_relocations = true;
        break;
      case DT_FLAGS_1:
        if ((entry.d_un.d_val & DF_1_NODELETE) != 0) out.never_unloads = true;
        break;
      default:
        break;
    }
  }
}

void read_symbols(std::string_view table, std::string_view strings, ElfInfo& out) {
  for (std::size_t i = 1; i < table.size() / sizeof(Elf64_Sym); ++i) {
    const auto symbol = row<Elf64_Sym>(table, i);
    const auto name = string_at(strings, symbol.st_name);
    if (!name || name->empty()) continue;
    const auto binding = ELF64_ST_BIND(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF) {
      if (*name == "__cxa_thread_atexit" || *name == "__cxa_thread_atexit_impl") out.has_thread_destructors = true;
    } else if (binding == STB_GNU_UNIQUE) {
      keep(out.unique_symbols, *name);
    } else if (binding == STB_GLOBAL || binding == STB_WEAK) {
      const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
      if (visibility == STV_DEFAULT || visibility == STV_PROTECTED) keep(out.exported, *name);
    }
  }
}

/// The versions of other libraries' symbols that it needs. They stand in chains of chains, each link with the distance
/// to the next one; a broken one ends the walk, and so does one with more links than a library has.
void read_needed_versions(std::string_view table, std::string_view strings, ElfInfo& out) {
  std::size_t steps = 64 * kMaxNames;
  const auto holds = [&](std::uint64_t offset, std::size_t size) {
    return steps > 0 && --steps > 0 && offset <= table.size() && table.size() - offset >= size;
  };
  for (std::uint64_t file_at = 0; holds(file_at, sizeof(Elf64_Verneed));) {
    const auto file = row<Elf64_Verneed>(table.substr(file_at), 0);
    for (std::uint64_t version_at = file_at + file.vn_aux; holds(version_at, sizeof(Elf64_Vernaux));) {
      const auto version = row<Elf64_Vernaux>(table.substr(version_at), 0);
      // A weak one is looked for, and done without.
      const auto name = string_at(strings, version.vna_name);
      if (name && (version.vna_flags & VER_FLG_WEAK) == 0) keep(out.versions, *name);
      if (version.vna_next == 0) break;
      version_at += version.vna_next;
    }
    if (file.vn_next == 0) return;
    file_at += file.vn_next;
  }
}

std::optional<LoadError> read_sections(File& file, const Elf64_Ehdr& header, ElfInfo& out) {
  if (header.e_shoff == 0 || header.e_shnum == 0) {
    return LoadError(LoadCode::kTruncated, "it has no section table, so nothing tells whether it is whole");
  }
  const auto table = file.read(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), kMaxTableBytes,
                               "the section table");
  if (!table) return table.error();
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = row<Elf64_Shdr>(*table, i);
    if (section.sh_type != SHT_NOBITS && !file.holds(section.sh_offset, section.sh_size)) {
      return file.outside(section.sh_offset, section.sh_size, fmt::format("section {}", i)).value();
    }
    if (section.sh_type == SHT_NOTE) {
      const auto notes = read_note_bytes(file, section.sh_offset, section.sh_size, "a note section");
      if (!notes) return notes.error();
      read_notes(*notes, section.sh_addralign, out);
    }
    if (section.sh_type != SHT_DYNSYM && section.sh_type != SHT_DYNAMIC && section.sh_type != SHT_GNU_verneed) continue;
    if (section.sh_link >= header.e_shnum)
      return LoadError(LoadCode::kNotElf, fmt::format("section {} names no strings", i));
    const auto link = row<Elf64_Shdr>(*table, section.sh_link);
    const auto strings = file.read(link.sh_offset, link.sh_size, kMaxTableBytes, "the dynamic string table");
    if (!strings) return strings.error();
    const auto bytes = file.read(section.sh_offset, section.sh_size, kMaxTableBytes, "a dynamic table");
    if (!bytes) return bytes.error();
    if (section.sh_type == SHT_DYNSYM) {
      read_symbols(*bytes, *strings, out);
    } else if (section.sh_type == SHT_GNU_verneed) {
      read_needed_versions(*bytes, *strings, out);
    } else {
      read_dynamic(*bytes, *strings, out);
    }
  }
  return std::nullopt;
}

}  // namespace

bool ElfInfo::exports(std::string_view symbol) const noexcept {
  return std::find(exported.begin(), exported.end(), symbol) != exported.end();
}

LoadResult<ElfInfo> read_elf(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return load_fail(LoadCode::kPermissions, fmt::format("cannot look at it: {}", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return load_fail(LoadCode::kNotElf, "it is no regular file");
  File file(fd, static_cast<std::uint64_t>(status.st_size));
  const auto header = read_header(file);
  if (!header) return tl::unexpected(header.error());
  ElfInfo out;
  out.size = file.size();
  if (auto error = read_segments(file, *header, out)) return tl::unexpected(std::move(*error));
  if (auto error = read_sections(file, *header, out)) return tl::unexpected(std::move(*error));
  return out;
}

LoadResult<ElfInfo> read_elf(const std::string& path) {
  // O_NONBLOCK: opening a named pipe that somebody left here must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return load_fail(LoadCode::kPermissions, fmt::format("cannot open it: {}", std::strerror(errno)));
  auto result = read_elf(fd);
  ::close(fd);
  return result;
}

}  // namespace toolrack::sources::native
