/// Ends of the gateway that nobody asked for, and what follows when they pile up: plugins that do not ship with the
/// program run in processes of their own, where the next crash costs nobody else anything.
///
/// While a gateway serves there is `<data>/running`, and a FrameBoard, which shows which plugins' code its threads are
/// inside of; both go when the gateway begins to stop. A start that finds them knows that the one before crashed, and
/// during what; `<data>/unclean_ends.json` remembers such ends for ten minutes.
///
/// The board lies in /dev/shm where there is one: a store to a page that is just being written to a disk waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "sources/native/frame_board.hpp"

namespace toolrack::app {

/// Owner: the gateway that owns the data directory. Threads: any.
class SafeMode {
 public:
  static constexpr std::size_t kEnds = 3;
  static constexpr std::chrono::minutes kWindow{10};

  /// Takes note of the end before, and begins to show what runs. Errors: kStoreFailed.
  static base::Result<std::unique_ptr<SafeMode>> open(const std::filesystem::path& data, const base::Clock& clock);

  sources::native::FrameBoard& frames() noexcept { return *frames_; }
  /// From a start after `kEnds` within `kWindow` on, for `kWindow` or until `end`. Plugins that were found while it was
  /// on stay where they are until they are found anew.
  bool is_on() const noexcept;
  /// Tools whose code was running at most of the ends, "owner/slug"; empty when none was at any.
  const std::vector<std::string>& suspects() const noexcept { return suspects_; }
  /// The operator has seen to it: it is over, and the ends are forgotten.
  base::Result<void> end();
  /// Where the board lies.
  const std::filesystem::path& board_file() const noexcept { return board_file_; }
  /// The gateway has been told to end: what comes from now on is no crash while it served.
  void expect_end() noexcept;
  /// {"active", "unclean_ends", "suspects", "until"}, for people.
  std::string json() const;

 private:
  struct UncleanEnd {
    std::int64_t unix_ns = 0;
    std::vector<std::string> running;  ///< "owner/slug.skill".
  };
  SafeMode(std::filesystem::path data, const base::Clock& clock);
  void recall();
  base::Result<void> remember() const;
  void find_suspects();

  const std::filesystem::path data_, board_file_;
  const base::Clock& clock_;

  // Constant once open.
  std::unique_ptr<sources::native::FrameBoard> frames_;
  std::vector<UncleanEnd> ends_;
  std::vector<std::string> suspects_;
  std::int64_t until_monotonic_ns_ = 0, until_unix_ns_ = 0;

  std::atomic<bool> is_on_{false};
};

}  // namespace toolrack::app
