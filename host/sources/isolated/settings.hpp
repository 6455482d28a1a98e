/// Which plugins run in processes of their own, and what these are allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/isolated/worker_program.hpp"
#include "worker/options.hpp"

namespace toolrack::sources::isolated {

enum class Isolation : std::uint8_t {
  kInProcess,
  kWorker,           ///< A process for each.
  kWorkerPerVendor,  ///< One for all plugins of an owner.
};

struct Settings {
  std::optional<Isolation> otherwise;  ///< Of plugins that do not ship with the program; unset: in this process.
  std::map<std::string, Isolation, std::less<>> plugins;  ///< By "owner/slug".
  worker::SandboxMode sandbox = worker::SandboxMode::kBestEffort;
  WorkerProgram program;  ///< toolrack-worker.
  /// Folders with libraries that plugins need, beside the system's; absolute. Every worker may read them.
  std::vector<std::filesystem::path> libraries;
  bool has_safe_mode = true;              ///< For the program: whether crashes of the gateway bring it there.
  std::uint64_t max_memory = 1ULL << 30;  ///< Address space of a process, in bytes; 0: not limited.
  /// A call that has not ended so long after it was cancelled ends with its worker.
  std::chrono::milliseconds overdue{5'000};
  /// How often a worker is asked whether it is there; one that has not answered three times as long is ended.
  std::chrono::milliseconds ping_every{5'000};
  /// After a death within the last minute, how long until the next start; doubled with each further one.
  std::chrono::milliseconds back_off{100};
  bool operator==(const Settings&) const = default;

  Isolation of(std::string_view tool, bool is_bundled) const {
    const auto found = plugins.find(tool);
    if (found != plugins.end()) return found->second;
    return is_bundled ? Isolation::kInProcess : otherwise.value_or(Isolation::kInProcess);
  }
};

/// In the words of the configuration, which are all that `isolation_of` knows.
std::string_view to_string(Isolation isolation) noexcept;
Isolation isolation_of(std::string_view word) noexcept;

}  // namespace toolrack::sources::isolated
