#include "sources/native/runtime.hpp"

#include <new>
#include <utility>

#include "sources/isolated/process_keeper.hpp"

namespace toolrack::sources::native {

namespace {

/// Memory alone, without which nothing else works either.
std::unique_ptr<FrameBoard> own_board() {
  auto board = FrameBoard::create({});
  if (!board) throw std::bad_alloc();
  return *std::move(board);
}

}  // namespace

CallPool::~CallPool() = default;

NativeCall* CallPool::take() {
  if (free_ == nullptr) free_ = returned_.exchange(nullptr, std::memory_order_acquire);
  if (free_ == nullptr) {
    auto call = std::make_unique<NativeCall>(runtime_, loop_, this);
    if (!call->has_slot()) return nullptr;
    return calls_.emplace_back(std::move(call)).get();
  }
  return std::exchange(free_, free_->next_free_);
}

void CallPool::give_back(NativeCall& call) noexcept {
  if (loop_.is_current()) {
    call.next_free_ = free_;
    free_ = &call;
    return;
  }
  auto* head = returned_.load(std::memory_order_relaxed);
  do {
    call.next_free_ = head;
  } while (!returned_.compare_exchange_weak(head, &call, std::memory_order_release, std::memory_order_relaxed));
}

void CallPool::for_each(const std::function<void(NativeCall&)>& visit) {
  for (std::size_t i = 0; i < calls_.size(); ++i) visit(*calls_[i]);
}

Runtime::Runtime(Environment environment)
    : base_urls(std::make_shared<const BaseUrls>(environment.settings.provider_base_urls)),
      environment_(std::move(environment)),
      own_frames_(environment_.frames == nullptr ? own_board() : nullptr),
      frames_(environment_.frames == nullptr ? own_frames_.get() : environment_.frames),
      vendor_keepers_(std::make_unique<isolated::VendorKeepers>()) {
  for (std::size_t i = 0; i < environment_.loops->size(); ++i) {
    pools_.push_back(std::make_unique<CallPool>(*this, (*environment_.loops)[i]));
  }
}

Runtime::~Runtime() = default;

}  // namespace toolrack::sources::native
