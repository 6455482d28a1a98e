#include "sources/native/call_assets.hpp"

#include <utility>

namespace toolrack::sources::native {

bool CallAssets::post(Task task) {
  {
    base::Lock lock(mutex_);
    tasks_.push_back(std::move(task));
    if (std::exchange(is_running_, true)) return true;
  }
  if (pool_.post([self = shared_from_this()] { self->run(); })) return true;
  base::Lock lock(mutex_);
  tasks_.clear();
  is_running_ = false;
  return false;
}

void CallAssets::run() {
  for (;;) {
    Task task;
    {
      base::Lock lock(mutex_);
      if (tasks_.empty()) {
        is_running_ = false;
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task(*this);
  }
}

void CallAssets::discard() {
  post([](CallAssets& self) {
    self.is_over = true;
    self.writers.clear();
  });
}

}  // namespace toolrack::sources::native
