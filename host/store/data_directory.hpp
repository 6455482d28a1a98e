/// The directory that holds a rack's state, and the right of one process to it.
///
/// The owner holds an flock on `<directory>/lock`, which the kernel releases when the process ends, however it ends.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <utility>
#include <variant>

#include "base/result.hpp"

namespace toolrack::store {

class DataDirectory {
 public:
  /// Somebody else has it: attach to their socket.
  struct Owned {
    pid_t pid = 0;  ///< For people; 0 when the owner has not written it.
  };
  using Acquired = std::variant<DataDirectory, Owned>;

  /// Makes the directory (0700, with its parents) if it is missing and takes it. kInvalidConfig, with the remedy, when
  /// it is no directory, belongs to another user, or others may write to it; kStoreFailed when the system refuses.
  /// `lock`: a descriptor from `copy_lock` of the process before this one, which is taken over and closed; -1: none.
  static base::Result<Acquired> acquire(const std::filesystem::path& path, int lock = -1);
  /// What `acquire` would find, without making, taking or holding up anything: neither an owner that starts meanwhile
  /// nor anybody else notices. Errors as of `acquire`.
  struct Look {
    bool exists = false;
    std::optional<Owned> owner;
  };
  static base::Result<Look> look(const std::filesystem::path& path);
  /// `$HOME/.toolrack`; kInvalidConfig when HOME is not set.
  static base::Result<std::filesystem::path> default_path();
  /// Where the owner of `path` listens.
  static std::filesystem::path socket_of(const std::filesystem::path& path) { return path / "toolrack.sock"; }

  DataDirectory(DataDirectory&& other) noexcept
      : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  DataDirectory& operator=(DataDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~DataDirectory();

  const std::filesystem::path& path() const noexcept { return path_; }
  /// The right to the directory once more, for a successor: it stays taken until this one, too, is closed. Closed on
  /// exec; -1 when the process has no more descriptors.
  int copy_lock() const noexcept;
  std::filesystem::path socket() const { return socket_of(path_); }

 private:
  DataDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;
};

}  // namespace toolrack::store
