/// Which plugin's code each thread of the host is inside of, in memory that outlives the process: after a crash the
/// next process reads who was running, and FrameWatch sees who does not come back.
///
/// A file that is mapped, so that writing it costs a store and it is whole however the process ends: names, then one
/// word a thread. Who enters a plugin writes its name's number and a turn, which no other frame of the thread has.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "base/result.hpp"

namespace toolrack::sources::native {

/// A thread's place on the board it was last seen on.
struct PlaceOnBoard {
  std::uint64_t board = 0;
  std::atomic<std::uint64_t>* slot = nullptr;
  std::uint64_t turn = 0;
};

/// Owner: whoever opens the source, which it outlives. Threads: any.
class FrameBoard {
 public:
  /// Where a frame runs, which says how long it may take.
  enum class Where : std::uint8_t { kLoop = 1, kPool, kBlocking, kControl };
  /// What a thread is inside of. `word` stays the same as long as it is the same frame.
  struct Running {
    std::size_t thread = 0;
    std::uint64_t word = 0;
    Where where = Where::kLoop;
    std::string_view
        name;  ///< "owner/slug.skill", "owner/slug" for its [control] functions. Lives as long as the board.
  };

  /// A new file in place of one that may be there; empty: nobody else will read it. Errors: kStoreFailed.
  static base::Result<std::unique_ptr<FrameBoard>> create(const std::filesystem::path& file);
  ~FrameBoard();
  FrameBoard(const FrameBoard&) = delete;
  FrameBoard& operator=(const FrameBoard&) = delete;

  /// Names of what ran when the process that wrote `file` ended, each once. Believes nothing of what it reads.
  static std::vector<std::string> read(const std::filesystem::path& file);

  /// The number of a name, the same for equal ones; 0, which is never shown, when there are too many or it is too long.
  std::uint32_t number_of(std::string_view name);
  std::vector<Running> running() const;

  /// This thread is inside, until the mark goes. Marks of a thread nest.
  class Mark {
   public:
    Mark(FrameBoard& board, std::uint32_t number, Where where) noexcept
        : slot_(board.slot_of_this_thread()), outer_(slot_.load(std::memory_order_relaxed)) {
      const auto turn = ++own_place_.turn;
      slot_.store(number | static_cast<std::uint64_t>(where) << kWhereShift | turn << kTurnShift,
                  std::memory_order_relaxed);
    }
    ~Mark() { slot_.store(outer_, std::memory_order_relaxed); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    std::atomic<std::uint64_t>& slot_;
    const std::uint64_t outer_;
  };

 private:
  struct Shared;
  // A word: the name's number in 16 bits, where in 4, the turn in the rest. 0: in no plugin.
  static constexpr unsigned kWhereShift = 16, kTurnShift = 20;
  static constexpr std::uint64_t kNumberMask = (1U << kWhereShift) - 1, kWhereMask = 15;

  explicit FrameBoard(Shared* shared);
  std::atomic<std::uint64_t>& slot_of_this_thread() noexcept {
    if (own_place_.board != id_) [[unlikely]]
      take_place();
    return *own_place_.slot;
  }
  void take_place() noexcept;

  static constinit inline thread_local PlaceOnBoard own_place_{};

  Shared* const shared_;
  const std::uint64_t id_;                 // Of all boards there ever were.
  std::atomic<std::uint64_t> nowhere_{0};  // For threads beyond those that have a word.
  std::atomic<std::size_t> threads_{0};
  base::Mutex mutex_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_ TR_GUARDED_BY(mutex_);
};

/// In the words of logs: "on a loop", "in the pool".
std::string_view to_string(FrameBoard::Where where) noexcept;

}  // namespace toolrack::sources::native
