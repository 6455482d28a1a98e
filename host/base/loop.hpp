/// The threads of the host: one event loop per core, and pools for work that must not run on a loop.
#pragma once

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace toolrack::base {

/// An event loop and the one thread that runs it. A connection, and the calls that came over it, stay on theirs.
class Loop {
 public:
  explicit Loop(std::size_t index) : index_(index) {}
  boost::asio::io_context& context() noexcept { return context_; }
  /// 0, 1, 2 ...: for tables with one entry per loop.
  std::size_t index() const noexcept { return index_; }
  /// Is the caller the loop's own thread?
  bool is_current() const noexcept { return std::this_thread::get_id() == thread_id_; }

 private:
  friend class Loops;
  boost::asio::io_context context_{1};
  std::size_t index_;
  std::thread::id thread_id_;
};

/// Owns the loops. Constructed, then `start`; `stop` returns when every thread has ended; work still queued is dropped.
class Loops {
 public:
  explicit Loops(std::size_t count);
  ~Loops();
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  /// Runs each loop in a thread of its own, named "loop-<index>".
  void start();
  /// Idempotent; not from a loop's own thread.
  void stop();
  std::size_t size() const noexcept { return loops_.size(); }
  Loop& operator[](std::size_t index) noexcept { return *loops_[index]; }
  /// A loop for work that belongs to no connection; takes turns.
  Loop& next() noexcept;

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace toolrack::base
