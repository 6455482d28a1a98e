#include "services/files/scratch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/ids.hpp"

namespace toolrack::services::files {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<base::Error> refuse(std::string_view path, std::string_view why) {
  return tl::unexpected(base::Error(ErrorCode::kInvalidOutput, fmt::format("the file \"{}\" {}", path, why),
                                    "A skill's files are regular files in the directory that the host gives the call.")
                            .with_name("file_refused"));
}

int open_beneath(int directory, const std::string& path) {
  struct open_how how {};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
}

}  // namespace

ScratchDirectory::~ScratchDirectory() {
  const auto remove = [path = path_] {
    std::error_code ignored;  // What is left is removed at the next start.
    fs::remove_all(path, ignored);
  };
  if (!pool_.post(remove)) remove();
}

base::Result<int> ScratchDirectory::open_file(std::string_view path) {
  auto rest = path;
  if (rest.starts_with('/')) {
    const auto root = path_.native() + "/";
    if (!rest.starts_with(root)) return refuse(path, "is not in the call's own directory");
    rest.remove_prefix(root.size());
  }
  if (rest.empty() || rest.find('\0') != std::string_view::npos) return refuse(path, "has no name");

  // Looked at before it is opened: opening a device may do something, and opening a FIFO waits.
  const Descriptor found(open_beneath(directory_.get(), std::string(rest)));
  if (!found) {
    switch (errno) {
      case EXDEV:
        return refuse(path, "is not in the call's own directory");
      case ELOOP:
        return refuse(path, "is reached over a symbolic link");
      default:
        return refuse(path, fmt::format("cannot be opened: {}", reason(errno)));
    }
  }
  struct stat status {};
  if (::fstat(found.get(), &status) != 0) return refuse(path, fmt::format("cannot be read: {}", reason(errno)));
  if (S_ISLNK(status.st_mode)) return refuse(path, "is a symbolic link");
  if (!S_ISREG(status.st_mode)) return refuse(path, "is no regular file");
  if (status.st_nlink > 1) return refuse(path, "has a second name");
  const auto self = fmt::format("/proc/self/fd/{}", found.get());
  const int file = ::open(self.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return refuse(path, fmt::format("cannot be opened: {}", reason(errno)));
  return file;
}

base::Result<std::unique_ptr<Scratches>> Scratches::open(const fs::path& parent, base::Pool& pool) {
  std::error_code error;
  fs::remove_all(parent, error);
  if (!error) fs::create_directories(parent, error);
  if (!error) fs::permissions(parent, fs::perms::owner_all, error);
  auto absolute = error ? parent : fs::canonical(parent, error);
  if (error)
    return base::fail(ErrorCode::kStoreFailed,
                      fmt::format("cannot make the directory {}: {}", parent.native(), error.message()));
  return std::unique_ptr<Scratches>(new Scratches(std::move(absolute), pool));
}

base::Result<std::unique_ptr<ScratchDirectory>> Scratches::make(std::string_view below,
                                                                std::optional<std::uint32_t> owner_id) {
  auto path = parent_ / below / base::random_hex(16);
  if (::mkdir(path.c_str(), 0700) != 0)
    return base::fail(ErrorCode::kStoreFailed, fmt::format("cannot make {}: {}", path.native(), reason(errno)));
  Descriptor directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory)
    return base::fail(ErrorCode::kStoreFailed, fmt::format("cannot open {}: {}", path.native(), reason(errno)));
  auto made = std::make_unique<ScratchDirectory>(std::move(path), std::move(directory), pool_);
  if (owner_id && ::chown(made->path().c_str(), *owner_id, *owner_id) != 0)
    return base::fail(ErrorCode::kStoreFailed, fmt::format("cannot give {} away: {}", made->path(), reason(errno)));
  return made;
}

}  // namespace toolrack::services::files
