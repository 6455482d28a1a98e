/// Numbers that stand for objects and go stale when the object does: what a plugin holds instead of a pointer.
///
/// A handle is a slot's index and generation, never 0. Slots never move and are never freed before the map, so looking
/// a handle up takes no lock: pin the slot first, then see whether the handle is still its own. Whoever closed a slot
/// may reuse it only once no pin is left. Threads: every function from any thread, where a comment says no more.
#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/mutex.hpp"

namespace toolrack::base {

template <typename T>
class SlotMap {
 public:
  using Handle = std::uint64_t;

  /// Where one T lives. T is made with its slot and stays through all generations.
  class Slot {
   public:
    T value{};

    /// The open handle; 0 when closed.
    Handle handle() const noexcept { return handle_.load(std::memory_order_seq_cst); }
    bool is_pinned() const noexcept { return (pins_.load(std::memory_order_seq_cst) & ~kRetired) != 0; }

   private:
    friend class SlotMap;
    static constexpr std::uint32_t kRetired = 1U << 31;
    std::atomic<Handle> handle_{0};
    std::atomic<std::uint32_t> pins_{0};
    std::uint32_t index_ = 0;
    std::uint32_t generation_ = 0;  // Of the owner.
    Slot* next_free_ = nullptr;
  };

  /// Keeps a slot from being reused while it is looked at; the handle was open when the pin was taken.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept : map_(other.map_), slot_(std::exchange(other.slot_, nullptr)) {}
    Pin& operator=(Pin&& other) noexcept {
      if (this != &other) {
        reset();
        map_ = other.map_;
        slot_ = std::exchange(other.slot_, nullptr);
      }
      return *this;
    }
    ~Pin() { reset(); }
    explicit operator bool() const noexcept { return slot_ != nullptr; }
    T& operator*() const noexcept { return slot_->value; }
    T* operator->() const noexcept { return &slot_->value; }
    void reset() noexcept {
      if (auto* slot = std::exchange(slot_, nullptr)) map_->unpin(*slot);
    }

   private:
    friend class SlotMap;
    Pin(SlotMap& map, Slot& slot) : map_(&map), slot_(&slot) {}
    SlotMap* map_ = nullptr;
    Slot* slot_ = nullptr;
  };

  SlotMap() = default;
  SlotMap(const SlotMap&) = delete;
  SlotMap& operator=(const SlotMap&) = delete;
  ~SlotMap() {
    for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }

  /// A slot for the caller alone, closed; nullptr when all kMaxSlots are taken.
  Slot* take() {
    Lock lock(mutex_);
    if (free_ == nullptr && !grow()) return nullptr;
    return std::exchange(free_, free_->next_free_);
  }

  /// By its owner, while it is closed: gives it a handle that no one has seen before.
  Handle open(Slot& slot) noexcept {
    if (++slot.generation_ == 0) ++slot.generation_;
    const Handle handle = (Handle{slot.generation_} << 32) | slot.index_;
    slot.handle_.store(handle, std::memory_order_release);
    return handle;
  }

  /// True for the one caller whose `handle` was open: it is stale from now on.
  bool close(Slot& slot, Handle handle) noexcept {
    return handle != 0 && slot.handle_.compare_exchange_strong(handle, 0, std::memory_order_seq_cst);
  }

  /// Empty when the handle is stale or was never given out.
  Pin pin(Handle handle) noexcept {
    auto* slot = find(static_cast<std::uint32_t>(handle));
    if (slot == nullptr || handle == 0) return {};
    // Pin, then look; who closes looks for pins afterwards. One of the two sees the other.
    slot->pins_.fetch_add(1, std::memory_order_seq_cst);
    if (slot->handle_.load(std::memory_order_seq_cst) == handle) return Pin(*this, *slot);
    unpin(*slot);
    return {};
  }

  /// By the owner of a closed slot: free for others, at once or when the last pin goes.
  void retire(Slot& slot) noexcept {
    assert(slot.handle() == 0);
    slot.pins_.fetch_or(Slot::kRetired, std::memory_order_seq_cst);
    reuse_when_unpinned(slot);
  }

  static constexpr std::size_t kChunk = 64;
  static constexpr std::size_t kMaxSlots = kChunk * 8192;

 private:
  Slot* find(std::uint32_t index) const noexcept {
    if (index >= kMaxSlots) return nullptr;
    auto* chunk = chunks_[index / kChunk].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : &chunk[index % kChunk];
  }

  void unpin(Slot& slot) noexcept {
    if (slot.pins_.fetch_sub(1, std::memory_order_seq_cst) == (Slot::kRetired | 1)) reuse_when_unpinned(slot);
  }

  void reuse_when_unpinned(Slot& slot) noexcept {
    auto expected = Slot::kRetired;
    if (!slot.pins_.compare_exchange_strong(expected, 0, std::memory_order_seq_cst)) return;
    Lock lock(mutex_);
    slot.next_free_ = free_;
    free_ = &slot;
  }

  bool grow() TR_REQUIRES(mutex_) {
    if (made_ == kMaxSlots) return false;
    auto* chunk = new Slot[kChunk];
    for (std::size_t i = kChunk; i-- > 0;) {
      chunk[i].index_ = static_cast<std::uint32_t>(made_ + i);
      chunk[i].next_free_ = free_;
      free_ = &chunk[i];
    }
    chunks_[made_ / kChunk].store(chunk, std::memory_order_release);
    made_ += kChunk;
    return true;
  }

  std::array<std::atomic<Slot*>, kMaxSlots / kChunk> chunks_{};
  Mutex mutex_;
  Slot* free_ TR_GUARDED_BY(mutex_) = nullptr;
  std::size_t made_ TR_GUARDED_BY(mutex_) = 0;
};

}  // namespace toolrack::base
