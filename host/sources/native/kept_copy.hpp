/// A copy of some bytes in room that is used again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace toolrack::sources::native {

/// What a string does when it is assigned to, without what a string must look at before it does it.
class KeptCopy {
 public:
  void assign(std::string_view bytes) {
    if (bytes.size() > room_) [[unlikely]]
      grow(bytes.size());
    if (!bytes.empty()) std::memcpy(bytes_.get(), bytes.data(), bytes.size());
    size_ = bytes.size();
  }
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  /// Forgets the bytes, and gives the room back when it is more than `most`.
  void trim(std::size_t most) noexcept {
    size_ = 0;
    if (room_ <= most) [[likely]]
      return;
    bytes_.reset();
    room_ = 0;
  }

 private:
  void grow(std::size_t size) {
    room_ = 0;
    const auto room = std::max(size, kLeast);
    bytes_.reset(new char[room]);
    room_ = room;
  }

  static constexpr std::size_t kLeast = 256;
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0, room_ = 0;
};

}  // namespace toolrack::sources::native
