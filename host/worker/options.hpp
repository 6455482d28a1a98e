/// What the gateway tells a worker when it starts it: `name=value` words, and descriptors from 3 on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/sandbox.hpp"

namespace toolrack::worker {

/// Descriptors of a worker: sockets of calls, one for each I/O thread of the gateway, then that of questions.
inline constexpr int kFirstSocket = 3;

enum class SandboxMode : std::uint8_t { kOff, kBestEffort, kRequired };

struct Options {
  std::string plugin;  ///< The library, absolute.
  int channels = 1;    ///< Sockets of calls.
  int gateway = 0;     ///< Process that started us: we end with it.
  SandboxMode sandbox = SandboxMode::kBestEffort;
  SandboxRules rules;

  /// Every word after the program's name; its own inverse.
  std::vector<std::string> to_words() const;
  /// Nothing when a word is not one of ours: this program is not for people.
  static std::optional<Options> from_words(int count, char** words);
};

}  // namespace toolrack::worker
