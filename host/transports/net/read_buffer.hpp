/// What a connection has received and not yet served: one block of memory that grows as bytes arrive.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace toolrack::net {

/// Bytes stand at [begin, end) of the block; new ones are received into the room behind them. Used by one connection.
class ReadBuffer {
 public:
  static constexpr std::size_t kFirstCapacity = 2 << 10;
  /// A block above this is given back when it is empty, so that one large request does not hold memory for ever.
  static constexpr std::size_t kKeptCapacity = 16 << 10;

  char* data() noexcept { return block_.get() + begin_; }
  std::string_view view() const noexcept { return {block_.get() + begin_, end_ - begin_}; }
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }

  char* room_begin() noexcept { return block_.get() + end_; }
  std::size_t room() const noexcept { return capacity_ - end_; }
  void commit(std::size_t received) noexcept {
    assert(received <= room());
    end_ += received;
  }
  void consume(std::size_t served) noexcept {
    assert(served <= size());
    begin_ += served;
  }
  /// Drops the last bytes, keeping `size`.
  void truncate(std::size_t size) noexcept { end_ = begin_ + size; }

  /// Makes room for at least `wanted` more bytes and moves what is there if it must; views of it are then invalid. The
  /// block doubles, but not beyond `enough` bytes in all where that is known. Not while a read into the room is under
  /// way.
  void make_room(std::size_t wanted, std::size_t enough = 0) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (capacity_ > kKeptCapacity && wanted <= kFirstCapacity) {
        block_.reset();
        capacity_ = 0;
      }
    }
    if (room() >= wanted) return;
    if (begin_ > 0) std::memmove(block_.get(), data(), size());
    end_ -= begin_;
    begin_ = 0;
    if (room() >= wanted) return;
    std::size_t capacity = std::max(capacity_, kFirstCapacity);
    while (capacity < end_ + wanted) capacity *= 2;
    if (enough >= end_ + wanted) capacity = std::min(capacity, std::max(enough, kFirstCapacity));
    // realloc moves large blocks by remapping them, so their bytes are never there twice.
    auto* block = static_cast<char*>(std::realloc(block_.get(), capacity));
    if (block == nullptr) throw std::bad_alloc();
    static_cast<void>(block_.release());
    block_.reset(block);
    capacity_ = capacity;
  }

 private:
  struct Free {
    void operator()(char* block) const noexcept { std::free(block); }
  };
  std::unique_ptr<char[], Free> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace toolrack::net
