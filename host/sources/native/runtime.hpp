/// What all modules share: the tables of handles, the pools of calls, and the program around them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/published.hpp"
#include "base/slot_map.hpp"
#include "sources/http_targets.hpp"
#include "sources/native/environment.hpp"
#include "sources/native/frame_board.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/operation.hpp"

namespace toolrack::sources::isolated {
class VendorKeepers;
}

namespace toolrack::sources::native {

/// The calls of one loop, made as they are needed and used again.
class CallPool {
 public:
  CallPool(Runtime& runtime, base::Loop& loop) : runtime_(runtime), loop_(loop) {}
  ~CallPool();
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  /// On the loop's thread; nullptr when the table of calls is full.
  NativeCall* take();
  /// Any thread.
  void give_back(NativeCall& call) noexcept;
  /// On the loop's thread: every call there ever was, in use or not.
  void for_each(const std::function<void(NativeCall&)>& visit);

 private:
  Runtime& runtime_;
  base::Loop& loop_;

  // Of the loop's thread.
  std::vector<std::unique_ptr<NativeCall>> calls_;
  NativeCall* free_ = nullptr;

  alignas(64) std::atomic<NativeCall*> returned_{nullptr};  // By other threads; taken as a whole.
};

/// Owner: the source; outlives its modules. Constant after construction, but for what the tables and counters do
/// themselves.
class Runtime {
 public:
  explicit Runtime(Environment environment);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const Environment& environment() const noexcept { return environment_; }
  const Settings& settings() const noexcept { return environment_.settings; }
  CallPool& pool(const base::Loop& loop) noexcept { return *pools_[loop.index()]; }
  /// What plugins' code runs in this process.
  FrameBoard& frames() noexcept { return *frames_; }
  /// The worker processes that plugins of a vendor share.
  isolated::VendorKeepers& vendor_keepers() noexcept { return *vendor_keepers_; }
  std::size_t loop_count() const noexcept { return pools_.size(); }

  CallMap calls;
  OperationMap operations;
  /// Open calls that carry a recording; 0 spares the clock looking for it.
  std::atomic<std::uint32_t> recorded_calls{0};
  /// Where the operator has providers now; any thread.
  base::Published<BaseUrls> base_urls;

 private:
  Environment environment_;
  std::unique_ptr<FrameBoard> own_frames_;  // Null: the program's.
  FrameBoard* frames_;
  const std::unique_ptr<isolated::VendorKeepers> vendor_keepers_;
  std::vector<std::unique_ptr<CallPool>> pools_;
};

}  // namespace toolrack::sources::native
