#include "worker/call.hpp"

#include <utility>

namespace toolrack::worker {

bool Strand::push(Entry entry) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(entry));
  if (!std::exchange(is_held_, true)) return true;
  changed_.notify_one();
  return false;
}

Entry Strand::take() {
  const std::lock_guard lock(mutex_);
  is_held_ = !waiting_.empty();
  if (!is_held_) return nullptr;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

Entry Strand::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !waiting_.empty(); });
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

}  // namespace toolrack::worker
