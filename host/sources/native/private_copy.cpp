#include "sources/native/private_copy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace toolrack::sources::native {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

tl::unexpected<LoadError> cannot(LoadCode code, std::string_view what, const std::filesystem::path& path, int error) {
  return load_fail(code, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(error)));
}

/// Zero, or errno.
int copy_bytes(int from, int to) noexcept {
  for (;;) {
    const auto sent = ::sendfile(to, from, nullptr, std::size_t{1} << 30);
    if (sent == 0) return 0;
    if (sent < 0 && errno != EINTR) return errno;
  }
}

/// A new file of ours alone, or -1 and errno. The last copy of an older generation may take the folder with it between
/// the two steps, hence the second try.
int create(const std::filesystem::path& path) noexcept {
  for (int attempt = 0;; ++attempt) {
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    if (!failed && ::chmod(path.parent_path().c_str(), S_IRWXU) == 0) {
      ::unlink(path.c_str());
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
      if (fd >= 0) return fd;
    } else if (failed) {
      errno = failed.value();
    }
    if (errno != ENOENT || attempt == 10) return -1;
  }
}

}  // namespace

LoadResult<PrivateCopy> PrivateCopy::make(const std::filesystem::path& source, const std::filesystem::path& folder,
                                          const std::string& name) {
  const Descriptor from(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (from.get() < 0 && errno == ENOENT) {
    return load_fail(LoadCode::kState, fmt::format("{} is gone since it was checked", source.string()));
  }
  if (from.get() < 0) return cannot(LoadCode::kPermissions, "read", source, errno);

  const auto path = folder / (name + ".so");
  const Descriptor to(create(path));
  if (to.get() < 0) return cannot(LoadCode::kCopy, "write", path, errno);
  PrivateCopy copy(path);
  if (const int error = copy_bytes(from.get(), to.get())) return cannot(LoadCode::kCopy, "copy it to", path, error);
  return copy;
}

PrivateCopy::PrivateCopy(PrivateCopy&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PrivateCopy& PrivateCopy::operator=(PrivateCopy&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

PrivateCopy::~PrivateCopy() { remove(); }

void PrivateCopy::remove() noexcept {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  std::filesystem::remove(path_.parent_path(), ignored);  // Only succeeds when it is empty.
  path_.clear();
}

}  // namespace toolrack::sources::native
