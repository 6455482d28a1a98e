#include "base/pool.hpp"

#include <pthread.h>

#include <cassert>
#include <system_error>
#include <utility>

namespace toolrack::base {

Pool::Pool(std::string name, std::size_t max_threads) : name_(std::move(name)), max_threads_(max_threads) {
  assert(name_.size() <= 15 && "the kernel takes no longer thread name");
  assert(max_threads_ > 0);
}

Pool::~Pool() { stop(); }

bool Pool::post(std::function<void()> task) {
  {
    Lock lock(mutex_);
    if (stopping_) return false;
    tasks_.push_back(std::move(task));
    // An idle thread that was woken but has not run yet still counts as idle, so compare with what is queued.
    // Where the machine has no thread to give, those we have do the work, if any.
    if (tasks_.size() > idle_ && threads_.size() < max_threads_ && !add_thread() && threads_.empty()) {
      tasks_.pop_back();
      return false;
    }
    wake_.notify_one();  // Below the lock: who waits for the task may end the pool as soon as it has run.
  }
  return true;
}

bool Pool::add_thread() {
  try {
    threads_.emplace_back([this]() noexcept { run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void Pool::relieve() {
  Lock lock(mutex_);
  const bool waits = tasks_.size() > idle_ && !stopping_;
  const bool is_stuck = waits && taken_at_relief_ == taken_;
  taken_at_relief_ = waits ? std::optional(taken_) : std::nullopt;
  if (is_stuck && threads_.size() < max_threads_ + kMostBeyond) add_thread();
}

void Pool::stop() {
  std::vector<std::thread> threads;
  {
    Lock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (auto& thread : threads) {
    assert(thread.get_id() != std::this_thread::get_id() && "a task must not stop its own pool");
    thread.join();
  }
}

std::size_t Pool::queued() const {
  Lock lock(mutex_);
  return tasks_.size();
}

void Pool::run() {
  ::pthread_setname_np(::pthread_self(), name_.c_str());
  for (;;) {
    std::function<void()> task;  // Destroyed outside the lock: what it holds may post again.
    {
      Lock lock(mutex_);
      ++idle_;
      while (tasks_.empty() && !stopping_) lock.wait(wake_);
      --idle_;
      if (tasks_.empty()) return;
      ++taken_;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace toolrack::base
