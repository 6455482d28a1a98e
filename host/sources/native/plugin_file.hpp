/// What `toolrack plugins` says about one file in a plugin directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/native/plugin_code.hpp"

namespace toolrack::sources::native {

/// discovered -> checked -> loaded -> created -> started -> serving -> draining -> stopped -> destroyed -> closed |
/// resident; any step -> failed. A duplicate is a second file with the same build: it is not used and harms nobody.
enum class PluginState : std::uint8_t {
  kDiscovered,
  kChecked,
  kLoaded,
  kCreated,
  kStarted,
  kServing,
  kDraining,
  kStopped,
  kDestroyed,
  kClosed,
  kResident,
  kFailed,
  kDuplicate,
};

/// In lower case.
std::string_view to_string(PluginState state) noexcept;

/// A copy; stays as it is while the plugin goes on.
struct PluginFile {
  std::string path;
  PluginState state = PluginState::kDiscovered;
  std::string code, message, remedy;    ///< Of a failure: "E_TRUNCATED", what was found, what to do.
  std::string tool, version, build_id;  ///< "owner/slug"; empty when the manifest could not be read.
  std::uint64_t size = 0;
  std::int64_t loaded_at = 0;  ///< Nanoseconds since 1970; 0: not loaded.
  std::uint64_t calls = 0;
  std::uint64_t misuses = 0;      ///< Times the plugin broke the contract.
  std::size_t listed_skills = 0;  ///< That stand in no manifest: the plugin lists them itself.
  std::string list_problem;       ///< What was wrong with the last list that it gave, so that it was not taken.
  std::vector<std::string> demoted_skills;  ///< Promised to be inline and were too slow.
  bool bundled = false;
  std::string_view isolation;          ///< "in_process", "worker", "worker_per_vendor"; empty: it has no code.
  std::optional<WorkerReport> worker;  ///< Of one that runs in another process.
};

}  // namespace toolrack::sources::native
