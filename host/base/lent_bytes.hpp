/// Bytes that somebody lends until they are released: how a large result travels without a copy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace toolrack::base {

/// Move-only. The release function is called exactly once, by the last holder, in that holder's thread.
class LentBytes {
 public:
  using Release = void (*)(void* owner) noexcept;

  LentBytes() = default;
  /// `release` may be null: then the bytes simply outlive the holder.
  LentBytes(std::string_view bytes, Release release, void* owner) : bytes_(bytes), release_(release), owner_(owner) {}
  static LentBytes own(std::string text) {
    auto* owner = new std::string(std::move(text));
    return {*owner, [](void* p) noexcept { delete static_cast<std::string*>(p); }, owner};
  }
  LentBytes(LentBytes&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})),
        release_(std::exchange(other.release_, nullptr)),
        owner_(std::exchange(other.owner_, nullptr)) {}
  LentBytes& operator=(LentBytes&& other) noexcept {
    if (this != &other) {
      reset();
      bytes_ = std::exchange(other.bytes_, {});
      release_ = std::exchange(other.release_, nullptr);
      owner_ = std::exchange(other.owner_, nullptr);
    }
    return *this;
  }
  ~LentBytes() { reset(); }

  std::string_view view() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_.empty(); }
  void reset() noexcept {
    bytes_ = {};
    if (auto release = std::exchange(release_, nullptr)) release(std::exchange(owner_, nullptr));
  }

 private:
  std::string_view bytes_;
  Release release_ = nullptr;
  void* owner_ = nullptr;
};

}  // namespace toolrack::base
