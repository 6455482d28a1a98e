/// Which plugins run in processes of their own, and what these are allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "worker/options.hpp"

namespace toolrack::sources::isolated {

enum class Isolation : std::uint8_t { kInProcess, kWorker };

struct Settings {
  Isolation otherwise = Isolation::kInProcess;
  std::map<std::string, Isolation, std::less<>> plugins;  ///< By "owner/slug".
  worker::SandboxMode sandbox = worker::SandboxMode::kBestEffort;
  std::filesystem::path program;          ///< toolrack-worker.
  std::uint64_t max_memory = 1ULL << 30;  ///< Address space of a worker, in bytes; 0: not limited.
  /// A call that has not ended so long after it was cancelled ends with its worker.
  std::chrono::milliseconds overdue{5'000};
  /// After a death within the last minute, how long until the next start; doubled with each further one.
  std::chrono::milliseconds back_off{100};
  bool operator==(const Settings&) const = default;

  Isolation of(std::string_view tool) const {
    const auto found = plugins.find(tool);
    return found == plugins.end() ? otherwise : found->second;
  }
};

/// In the words of the configuration.
std::string_view to_string(Isolation isolation) noexcept;

}  // namespace toolrack::sources::isolated
