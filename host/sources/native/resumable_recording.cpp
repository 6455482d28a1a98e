#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {

std::shared_ptr<services::recorder::Recording> find_recording(const tr_host* host, tr_call handle) noexcept {
  auto& instance = Instance::of(host);
  auto& runtime = instance.runtime();
  if (handle == 0 || runtime.recorded_calls.load(std::memory_order_relaxed) == 0) [[likely]]
    return nullptr;
  const auto pin = runtime.calls.pin(handle);
  if (!pin || (*pin)->instance() != &instance || !(*pin)->is_open()) return nullptr;
  auto* const recording = (*pin)->invocation().recording;
  return recording == nullptr ? nullptr : recording->share();
}

std::shared_ptr<services::recorder::Recording> resumable_recording(const tr_host* host, tr_call handle) noexcept {
  auto recording = find_recording(host, handle);
  return recording == nullptr || !recording->is_resumable() ? nullptr : recording;
}

}  // namespace toolrack::sources::native
