/// Names plugins whose code does not come back to a thread of the host that others need.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/metrics.hpp"
#include "sources/native/frame_board.hpp"

namespace toolrack::sources::native {

/// A frame that has been running for longer than it may.
struct HangingFrame {
  std::string_view name;  ///< "owner/slug.skill"; lives as long as the board.
  FrameBoard::Where where = FrameBoard::Where::kLoop;
  std::chrono::milliseconds so_far{0};  ///< At least.
};

/// Looks at the board again and again, from a thread of its own: a plugin can hang every other one. Frames that may
/// block are not its affair. Threads: any.
class FrameWatch {
 public:
  using Clock = std::chrono::steady_clock;
  struct Patience {
    std::chrono::milliseconds on_loop{1'000};      ///< Which promised a thousandth of it.
    std::chrono::milliseconds in_pool{10'000};     ///< Computing is allowed there.
    std::chrono::milliseconds in_control{10'000};  ///< As long as a load may take.
    std::chrono::milliseconds between_looks{250};
  };

  /// Both outlive it.
  FrameWatch(const FrameBoard& board, base::Metrics& metrics) : FrameWatch(board, metrics, Patience{}) {}
  FrameWatch(const FrameBoard& board, base::Metrics& metrics, Patience patience);
  ~FrameWatch();
  FrameWatch(const FrameWatch&) = delete;
  FrameWatch& operator=(const FrameWatch&) = delete;

  /// Looks until it is destroyed. `beside` (may be null) runs in the same thread before each look, for what else must
  /// go on whatever hangs.
  void start(std::function<void()> beside = nullptr);
  /// One look, as at `now`; logs who has begun to hang and who has come back.
  void look(Clock::time_point now);
  /// As of the last look.
  std::vector<HangingFrame> hanging() const;

 private:
  struct Seen {
    std::uint64_t word = 0;
    Clock::time_point since;
    bool is_told = false;
    FrameBoard::Where where = FrameBoard::Where::kLoop;
    std::string_view name;
  };
  void run(const std::function<void()>& beside);
  /// Nothing: it may take as long as it wants.
  std::optional<std::chrono::milliseconds> patience_with(FrameBoard::Where where) const noexcept;

  const FrameBoard& board_;
  const Patience patience_;
  base::Counter& hangs_;

  mutable std::mutex mutex_;
  std::map<std::size_t, Seen> seen_;  // By thread. Guarded by mutex_, as is the rest.
  Clock::time_point last_look_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace toolrack::sources::native
