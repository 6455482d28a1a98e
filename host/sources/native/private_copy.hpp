/// A copy of a plugin's file that nobody else writes to: what is checked is what is mapped.
///
/// Overwriting a mapped library changes running code, truncating it kills the host at the next call; operators do both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sources/native/load_error.hpp"

namespace toolrack::sources::native {

/// Owns the file and removes it, and its folder when that is empty then. Kept while the library is mapped: debuggers
/// and sanitizers read symbols from it. Movable; any thread, one at a time.
class PrivateCopy {
 public:
  /// Copies `source` to `<folder>/<name>.so` with mode 0600; folders are made with 0700. The name must be new in the
  /// life of this process, because the dynamic linker takes equal names for equal libraries; a file that a killed
  /// process left is replaced. kState: `source` is gone; kPermissions: it cannot be read; kCopy: the copy cannot be
  /// written.
  static LoadResult<PrivateCopy> make(const std::filesystem::path& source, const std::filesystem::path& folder,
                                      const std::string& name);

  PrivateCopy(PrivateCopy&& other) noexcept;
  PrivateCopy& operator=(PrivateCopy&& other) noexcept;
  ~PrivateCopy();

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  explicit PrivateCopy(std::filesystem::path path) : path_(std::move(path)) {}
  void remove() noexcept;

  std::filesystem::path path_;  // Empty after a move.
};

}  // namespace toolrack::sources::native
