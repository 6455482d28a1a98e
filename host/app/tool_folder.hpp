/// A folder in which somebody writes a tool, as `toolrack new` makes it: what is to be watched and built in it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/folder_events.hpp"
#include "base/result.hpp"

namespace toolrack::app {

/// Owner: `toolrack dev`. One thread.
class ToolFolder {
 public:
  /// `preset`: of CMakePresets.json, where the folder has one. kInvalidRequest when there is no tool in `folder`.
  static base::Result<ToolFolder> open(const std::filesystem::path& folder, std::string preset);

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Its tool is built by CMake; otherwise it is the manifests (*.tool.json) that lie in the folder.
  bool is_built() const noexcept { return is_built_; }

  /// The folder and those in it, without hidden ones, the one that things are built in, and `left_out`.
  std::vector<base::FolderEvents::Folder> watched(const std::filesystem::path& left_out) const;
  /// False for what editors leave lying about while they write.
  static bool is_source(std::string_view name) noexcept;

  /// Configures what is not configured yet, and builds the plugins; what the compiler says goes to stderr. `stop`, and
  /// the errors kCancelled and kUnavailable: as run_program. kToolError when it does not build.
  base::Result<void> build(int stop);
  /// Brings `to` up to date with the plugins that were built, each in one step, and takes away what is built no more.
  /// Says whether anything was to be done. kToolError when there are none.
  base::Result<bool> publish(const std::filesystem::path& to) const;

 private:
  ToolFolder(std::filesystem::path path, std::string preset, bool is_built)
      : path_(std::move(path)), preset_(std::move(preset)), is_built_(is_built) {}
  base::Result<void> configure(int stop);

  std::filesystem::path path_;
  std::string preset_;  // Empty: there are none.
  bool is_built_;
  std::filesystem::path built_;  // Where CMake builds; empty until it has been configured.
};

}  // namespace toolrack::app
