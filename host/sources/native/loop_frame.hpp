/// How long a plugin's frame has held up its loop: by the clock, and, once a skill is suspected, by what its thread
/// did.
///
/// A clock alone cannot tell a slow skill from a busy machine, on which a thread loses its processor in the middle of a
/// frame; looking closer costs as much as some skills do. So the first frames of a skill are looked at closely, later
/// one in sixteen is timed, by the processor's own counter, and one that looks too long has the next ones looked at
/// again.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace toolrack::sources::native {

/// What a thread has used and how often it waited, since it began; and the time now.
struct ThreadUse {
  std::int64_t cpu_ns = 0;
  std::int64_t waits = 0;  ///< For something; not for a processor.
  std::int64_t wall_ns = 0;
  static ThreadUse now() noexcept;
};

/// One inline skill's record. Any thread.
class LoopFrames {
 public:
  /// A frame of the skill while it runs. Used by the loop's thread.
  class Frame {
   public:
    /// Null: of code that runs elsewhere.
    explicit Frame(const LoopFrames* skill) noexcept {
      if (skill != nullptr && skill->is_next_timed()) [[unlikely]]
        begin(*skill);
    }
    /// Then `end` must hear of it.
    bool is_timed() const noexcept { return is_timed_; }

   private:
    friend class LoopFrames;
    void begin(const LoopFrames& skill) noexcept;

    bool is_timed_ = false;
    std::uint64_t began_ = 0;          // Of the processor's counter.
    std::optional<ThreadUse> before_;  // When it is looked at closely.
  };

  /// A timed frame has ended. Returns its length when it is the one that makes the skill too slow for a loop: the third
  /// one seen that computed or waited for longer than an inline skill may.
  std::optional<std::int64_t> end(const Frame& frame) noexcept;

 private:
  static constexpr std::uint32_t kFirstFrames = 64;
  static constexpr std::uint32_t kTimedOneOf = 16;

  bool is_next_timed() const noexcept {
    static thread_local std::uint32_t turn = 0;
    return watched_.load(std::memory_order_relaxed) != 0 || ++turn % kTimedOneOf == 0;
  }

  std::atomic<std::uint32_t> watched_{kFirstFrames};  // So many frames will be looked at closely.
  std::atomic<std::uint32_t> overruns_{0};
};

}  // namespace toolrack::sources::native
