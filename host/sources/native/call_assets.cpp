#include "sources/native/call_assets.hpp"

#include <fmt/format.h>

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

base::Result<void> read_asset(CallAssets& assets, std::string_view id,
                              const std::function<base::Result<void>(std::string_view)>& take) {
  constexpr std::size_t kPiece = 256 << 10;
  const auto asset = TRY(assets.assets.find(assets.account, id));
  const auto reader = TRY(assets.assets.open(asset));
  for (std::uint64_t at = 0; at < asset.bytes;) {
    const auto bytes = TRY(reader->read(at, kPiece));
    if (bytes.empty())
      return base::fail(base::ErrorCode::kStoreFailed, fmt::format("the asset {} is shorter than it was", asset.id));
    TRY(take(bytes));
    at += bytes.size();
  }
  return {};
}

}  // namespace toolrack::sources::native
