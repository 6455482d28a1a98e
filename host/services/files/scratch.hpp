/// Directories of calls: where a skill may write files, and the only place the host reads a skill's files from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/pool.hpp"
#include "registry/outcome.hpp"
#include "services/files/descriptor.hpp"

namespace toolrack::services::files {

/// One call's directory, made empty, of mode 0700. Destroyed, it is removed with all that is in it, in the pool.
/// Threads: one at a time.
class ScratchDirectory final : public registry::CallFiles {
 public:
  ScratchDirectory(std::filesystem::path path, Descriptor directory, base::Pool& pool)
      : path_(std::move(path)), directory_(std::move(directory)), pool_(pool) {}
  ~ScratchDirectory() override;
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const noexcept { return path_.native(); }
  /// `path` is relative to the directory, or absolute and below it. The kernel resolves it beneath the directory;
  /// symbolic links anywhere in it, FIFOs, devices and files that have a second name are refused.
  base::Result<int> open_file(std::string_view path) override;

 private:
  const std::filesystem::path path_;
  const Descriptor directory_;
  base::Pool& pool_;
};

/// Makes them. Owned by the app, outlives what it makes. Threads: any.
class Scratches {
 public:
  /// Under `parent`, which is made when missing and emptied of what earlier processes left. `pool` removes.
  static base::Result<std::unique_ptr<Scratches>> open(const std::filesystem::path& parent, base::Pool& pool);
  /// One system call or two: short enough for a plugin to wait for. `below`: a folder of ours in which it is made;
  /// `owner_id`: the user to whom it is given.
  base::Result<std::unique_ptr<ScratchDirectory>> make(std::string_view below = {},
                                                       std::optional<std::uint32_t> owner_id = std::nullopt);
  const std::string& path() const noexcept { return parent_.native(); }

 private:
  Scratches(std::filesystem::path parent, base::Pool& pool) : parent_(std::move(parent)), pool_(pool) {}

  const std::filesystem::path parent_;
  base::Pool& pool_;
};

}  // namespace toolrack::services::files
