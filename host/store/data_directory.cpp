#include "store/data_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

namespace toolrack::store {
namespace {

using base::ErrorCode;
using base::Result;

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

base::Error system_error(int code, const std::filesystem::path& path, std::string_view doing) {
  return base::Error(ErrorCode::kStoreFailed, fmt::format("{} {}: {}.", path.string(), doing, std::strerror(code)));
}

/// mkdir -p, every new level private.
std::optional<base::Error> make(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return std::nullopt;
  if (errno != ENOENT || path.parent_path().empty() || path.parent_path() == path)
    return system_error(errno, path, "cannot be created");
  if (auto error = make(path.parent_path())) return error;
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return std::nullopt;
  return system_error(errno, path, "cannot be created");
}

/// Who can write here can replace the store, keys and credentials included.
std::optional<base::Error> check_private(int directory, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return system_error(errno, path, "cannot be examined");
  if (status.st_uid != ::geteuid())
    return base::Error(ErrorCode::kInvalidConfig,
                       fmt::format("The data directory {} belongs to user {}, toolrack runs as user {}.", path.string(),
                                   status.st_uid, ::geteuid()),
                       fmt::format("Run toolrack as its owner, or: chown -R {} {}", ::geteuid(), path.string()));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return base::Error(ErrorCode::kInvalidConfig,
                       fmt::format("The data directory {} has mode {:04o}: others may write to it.", path.string(),
                                   status.st_mode & 07777u),
                       fmt::format("Make it private: chmod 0700 {}", path.string()));
  return std::nullopt;
}

pid_t read_pid(int lock) {
  char text[16];
  const auto size = ::pread(lock, text, sizeof text, 0);
  pid_t pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

bool is_same_file(int a, int b) {
  struct stat of_a {
  }, of_b{};
  return a >= 0 && ::fstat(a, &of_a) == 0 && ::fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
         of_a.st_ino == of_b.st_ino;
}

/// The whole file, whoever asks.
struct flock whole(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

/// Beside the flock, which nobody can ask about without trying to take it: a lock of the other kind, which fcntl can be
/// asked about. It belongs to the open file as the flock does, so it goes and is handed over with it.
///
/// As well as it goes: a full disk must not keep an owner from starting, and the right is the flock, not these.
void sign(int lock) {
  auto range = whole(F_WRLCK);
  ::fcntl(lock, F_OFD_SETLK, &range);
  const auto text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, text.data(), text.size(), 0) < 0) return;
}

bool is_signed(int lock) {
  auto range = whole(F_WRLCK);
  return ::fcntl(lock, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

Result<std::filesystem::path> normal(const std::filesystem::path& given) {
  if (given.empty()) return base::fail(ErrorCode::kInvalidConfig, "The data directory's path is empty.");
  auto path = std::filesystem::absolute(given).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // "dir/" means "dir".
}

Result<Descriptor> open_directory(const std::filesystem::path& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 && errno == ENOTDIR)
    return base::fail(ErrorCode::kInvalidConfig, fmt::format("{} is no directory.", path.string()),
                      "Name a directory with --data.");
  if (directory.get() < 0) return tl::unexpected(system_error(errno, path, "cannot be opened"));
  if (auto error = check_private(directory.get(), path)) return tl::unexpected(std::move(*error));
  return directory;
}

/// Could it be made?
Result<void> check_parent(const std::filesystem::path& path) {
  auto parent = path.parent_path();
  while (::access(parent.c_str(), F_OK) != 0 && errno == ENOENT && parent.has_relative_path())
    parent = parent.parent_path();
  if (::access(parent.c_str(), W_OK | X_OK) == 0) return {};
  return tl::unexpected(system_error(errno, path, "cannot be created"));
}

}  // namespace

base::Result<DataDirectory::Look> DataDirectory::look(const std::filesystem::path& given) {
  const auto path = TRY(normal(given));
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    TRY(check_parent(path));
    return Look{};
  }
  const auto directory = TRY(open_directory(path));
  const Descriptor lock(::openat(directory.get(), "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (lock.get() < 0 && errno != ENOENT) return tl::unexpected(system_error(errno, path / "lock", "cannot be opened"));
  Look seen{.exists = true, .owner = {}};
  if (lock.get() >= 0 && is_signed(lock.get())) seen.owner = Owned{read_pid(lock.get())};
  return seen;
}

base::Result<DataDirectory::Acquired> DataDirectory::acquire(const std::filesystem::path& given, int inherited) {
  Descriptor heir(inherited);
  auto path = TRY(normal(given));
  if (auto error = make(path)) return tl::unexpected(std::move(*error));
  const auto directory = TRY(open_directory(path));

  Descriptor lock(::openat(directory.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return tl::unexpected(system_error(errno, path / "lock", "cannot be opened"));
  if (is_same_file(heir.get(), lock.get())) {
    sign(heir.get());
    return DataDirectory(std::move(path), heir.release());
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Owned{read_pid(lock.get())};
    return tl::unexpected(system_error(errno, path / "lock", "cannot be locked"));
  }
  sign(lock.get());
  return DataDirectory(std::move(path), lock.release());
}

base::Result<std::filesystem::path> DataDirectory::default_path() {
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return std::filesystem::path(home) / ".toolrack";
  return base::fail(ErrorCode::kInvalidConfig, "HOME is not set, so there is no default data directory.",
                    "Name one with --data DIR.");
}

int DataDirectory::copy_lock() const noexcept { return ::fcntl(lock_, F_DUPFD_CLOEXEC, 0); }

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace toolrack::store
