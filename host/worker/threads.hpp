/// The threads of a worker: some wait for the gateway's frames and run what comes of them, some may block.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "worker/call.hpp"
#include "worker/socket.hpp"

namespace toolrack::worker {

/// Who reads a frame runs it, so nobody has to be woken for it; but of `runners + 1` threads one always goes on
/// reading. Threads: all functions any, but for `start`.
class Threads {
 public:
  using OnFrame = std::function<void(std::size_t channel, const Frame&)>;

  Threads(std::vector<std::unique_ptr<Socket>>& sockets, unsigned runners, OnFrame on_frame);
  /// They run to the end of the process.
  void start();
  /// Runs `work` soon, in a thread that must not block.
  void post(Entry work);
  /// The same in a thread that may; at most `kMostBlocking` of a depth run at once. One that waits in place for what it
  /// calls, which is deeper, must not keep the thread from it.
  void post_blocking(std::uint32_t depth, Entry work);
  /// Waits until nothing that was posted is left, and `is_quiet` says that nothing more will be.
  void wait_until_idle(const std::function<bool()>& is_quiet);
  /// What `wait_until_idle` looks at may have changed.
  void look_again();

  static constexpr unsigned kMostBlocking = 32;
  static constexpr std::uint32_t kDepths = 6;

 private:
  void serve();
  struct Blocking {
    std::deque<Entry> waiting;
    std::condition_variable has_work;
    unsigned threads = 0, idle = 0;
  };
  void serve_blocking(Blocking& depth);
  void run_what_waits();
  /// epoll has told of new bytes.
  void read(std::size_t channel);
  void read_all(std::size_t channel);
  bool try_begin() noexcept;
  void wake() noexcept;
  void ended() noexcept;

  std::vector<std::unique_ptr<Socket>>& sockets_;
  const unsigned runners_;
  const OnFrame on_frame_;
  int epoll_ = -1, wake_ = -1;
  /// Of each socket: how often bytes were told that its reader has not looked for yet. 0: nobody reads.
  std::vector<std::atomic<unsigned>> told_;
  std::atomic<unsigned> busy_{0};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> waiting_;
  std::array<Blocking, kDepths> blocking_;
  std::size_t open_ = 0;  // Posted and not ended.
};

}  // namespace toolrack::worker
