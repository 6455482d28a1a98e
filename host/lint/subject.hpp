/// The plugin that is looked at: its file, read and loaded as a gateway would.
#pragma once

#include <toolrack/abi.h>

#include <memory>
#include <optional>
#include <string>

#include "registry/tool.hpp"
#include "sources/native/checked_file.hpp"
#include "sources/native/library.hpp"

namespace toolrack::lint {

/// One thread. Nothing of the plugin runs before `load`.
class Subject {
 public:
  /// `settings_json`: the operator's for this tool, an object. Made before the processes of the checks are.
  Subject(std::string path, sources::native::CheckedFile file, std::string settings_json);
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  const std::string& path() const noexcept { return path_; }
  const registry::Tool& tool() const noexcept { return *file_.tool; }
  const sources::native::ElfInfo& elf() const noexcept { return file_.elf; }
  const std::string& settings_json() const noexcept { return settings_json_; }
  /// Does the plugin's code carry it out, and not the host?
  bool is_native(const registry::Skill& skill) const noexcept { return !file_.programs[skill.index].has_value(); }
  bool has_native_skills() const noexcept;

  /// Maps a private copy, once; what toolrack_entry_v1() returns, never null. The load error's words when it fails.
  sources::native::LoadResult<const tr_entry*> load();
  /// Unmaps it; true when it stays mapped all the same.
  bool unload();

 private:
  const std::string path_;
  const sources::native::CheckedFile file_;
  const std::string settings_json_;
  std::string folder_;  // Of the private copies, those of checks that crashed too; ours. Empty: it could not be made.
  std::uint64_t loads_ = 0;
  std::optional<sources::native::Library> library_;
};

}  // namespace toolrack::lint
