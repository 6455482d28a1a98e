/// What the gateway tells a worker when it starts it: `name=value` words, and descriptors from 3 on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/sandbox.hpp"

namespace toolrack::worker {

/// Descriptors of a worker: two sockets for the calls of each I/O thread of the gateway, two for questions, then the
/// board where it has one. Frames travel on the first of two, and on the second descriptors of memory (memory.hpp).
inline constexpr int kFirstSocket = 3;

enum class SandboxMode : std::uint8_t { kOff, kBestEffort, kRequired };

struct Options {
  int channels = 1;        ///< Of calls.
  bool has_board = false;  ///< It carries several plugins, and shows which of them runs (board.hpp).
  int gateway = 0;         ///< Process that started us: we end with it.
  SandboxMode sandbox = SandboxMode::kBestEffort;
  SandboxRules rules;  ///< Libraries of plugins are among what may be read.

  /// The channel that comes after those of calls.
  int questions() const noexcept { return channels; }
  static int frames_of(int channel) noexcept { return kFirstSocket + 2 * channel; }
  static int memory_of(int channel) noexcept { return frames_of(channel) + 1; }
  int board() const noexcept { return has_board ? frames_of(channels + 1) : -1; }
  /// After all of those.
  int first_free() const noexcept { return frames_of(channels + 1) + (has_board ? 1 : 0); }
  /// Every word after the program's name; its own inverse.
  std::vector<std::string> to_words() const;
  /// Nothing when a word is not one of ours: this program is not for people.
  static std::optional<Options> from_words(int count, char** words);
};

}  // namespace toolrack::worker
