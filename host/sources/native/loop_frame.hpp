/// How long a plugin's frame has held up its loop: by the clock, and, once a skill is suspected, by what its thread
/// did.
///
/// A clock alone cannot tell a slow skill from a busy machine, on which a thread loses its processor in the middle of a
/// frame. So the first frame that looks too long only makes its skill a suspect; the next ones are looked at closely.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace toolrack::sources::native {

/// What a thread has used and how often it waited, since it began.
struct ThreadUse {
  std::int64_t cpu_ns = 0;
  std::int64_t waits = 0;  ///< For something; not for a processor.
  static ThreadUse now() noexcept;
};

/// One inline skill's record. Any thread.
class LoopFrames {
 public:
  /// A frame of the skill while it runs. Used by the loop's thread.
  class Frame {
   public:
    explicit Frame(const LoopFrames& skill) noexcept;

   private:
    friend class LoopFrames;
    std::int64_t began_ns_;
    std::optional<ThreadUse> before_;  ///< Of a suspect's frame.
  };

  /// The frame has ended. Returns its length when it is the one that makes the skill too slow for a loop: the third one
  /// that computed or waited for longer than an inline skill may.
  std::optional<std::int64_t> end(const Frame& frame) noexcept;

 private:
  std::atomic<std::uint32_t> suspicion_{0};  ///< So many frames will be looked at closely.
  std::atomic<std::uint32_t> overruns_{0};
};

}  // namespace toolrack::sources::native
