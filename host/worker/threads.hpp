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

#include "worker/runnable.hpp"
#include "worker/socket.hpp"

namespace toolrack::worker {

/// How much of one guest was posted and has not ended. Owner: the guest, until it is idle.
struct Tally {
  std::size_t open = 0;  // Guarded by the threads it was posted to.
};

/// Runs it in a thread of its own, which nobody waits for. False when the system gives no more.
bool start_thread(std::function<void()> run, std::size_t stack_bytes);

/// Who reads a frame runs it, so nobody has to be woken for it; but of `runners + 1` threads one always goes on
/// reading. Before it sleeps, a thread looks for a moment whether what it has sent is answered, as long as that pays.
/// Threads: all functions any, but for `start`.
class Threads {
 public:
  using OnFrame = std::function<void(std::size_t channel, const Frame&)>;

  Threads(std::vector<std::unique_ptr<Socket>>& sockets, unsigned runners, OnFrame on_frame);
  /// They run to the end of the process.
  void start();
  /// Runs `work` soon, in a thread that must not block. `tally` outlives it.
  void post(std::shared_ptr<Runnable> work, Tally& tally);
  /// The same in a thread that may; at most `kMostBlocking` of a depth run at once. One that waits in place for what it
  /// calls, which is deeper, must not keep the thread from it.
  void post_blocking(std::uint32_t depth, std::shared_ptr<Runnable> work, Tally& tally);
  /// Waits until nothing that was posted for `tally` is left, and `is_quiet` says that nothing more will be.
  void wait_until_idle(const Tally& tally, const std::function<bool()>& is_quiet);
  /// What `wait_until_idle` looks at may have changed.
  void look_again();

  static constexpr unsigned kMostBlocking = 32;
  static constexpr std::uint32_t kDepths = 6;

 private:
  struct Work {
    std::shared_ptr<Runnable> what;
    Tally* tally = nullptr;
  };
  void serve();
  struct Blocking {
    std::deque<Work> waiting;
    std::condition_variable has_work;
    unsigned threads = 0, idle = 0;
  };
  void serve_blocking(Blocking& depth);
  void run_what_waits();
  /// epoll has told of new bytes.
  void read(std::size_t channel);
  void read_all(std::size_t channel);
  /// Looks for a moment whether something comes there that is to be run; meanwhile nobody is woken for it.
  bool look(std::size_t channel);
  /// Whether those who sleep are woken for new bytes on this socket; one thread is, and nobody has to ask for the next.
  void wake_for(std::size_t channel, bool are_woken) noexcept;
  void wake() noexcept;
  /// With the lock.
  void note_end(Tally& tally) noexcept;

  std::vector<std::unique_ptr<Socket>>& sockets_;
  const unsigned runners_;
  const bool may_look_;  // A processor is left for the gateway meanwhile.
  const OnFrame on_frame_;
  int epoll_ = -1, wake_ = -1;
  /// Of each socket: how often bytes were told that its reader has not looked for yet. 0: nobody reads.
  std::vector<std::atomic<unsigned>> told_;

  std::mutex mutex_;
  unsigned busy_ = 0;  // Of the runners: with something that was posted.
  std::condition_variable changed_;
  std::deque<Work> waiting_;
  std::array<Blocking, kDepths> blocking_;
};

}  // namespace toolrack::worker
