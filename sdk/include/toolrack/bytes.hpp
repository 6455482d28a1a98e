/// Bytes with an owner: our own string, a buffer that the host lent us, or nobody (borrowed).
#pragma once

#include <toolrack/view.hpp>

#include <string>
#include <utility>

namespace toolrack {

/// Copying makes an own string; moving hands the owner over. Not thread-safe.
class Bytes {
 public:
  /// Below this size a copy by the receiver is cheaper than an allocation that lends.
  static constexpr std::size_t kLendFrom = 1024;

  Bytes() noexcept = default;
  Bytes(std::string text) noexcept : own_(std::move(text)) {}
  /// Takes over a lent buffer and releases it in the end.
  explicit Bytes(tr_buffer lent) noexcept : lent_(lent) {}
  Bytes(const Bytes& other) : own_(other.view().str()) {}
  Bytes(Bytes&& other) noexcept : own_(std::move(other.own_)), lent_(std::exchange(other.lent_, tr_buffer{})) {
    other.own_.clear();
  }
  Bytes& operator=(Bytes other) noexcept {
    own_.swap(other.own_);
    std::swap(lent_, other.lent_);
    return *this;
  }
  ~Bytes() { release(); }

  /// Whoever calls this promises that `text` outlives the result and everything moved from it.
  static Bytes borrowed(std::string_view text) noexcept {
    return Bytes(tr_buffer{text.data(), text.size(), nullptr, nullptr});
  }

  View view() const noexcept {
    if (lent_.data == nullptr) return View(own_);
    return View(std::string_view(static_cast<const char*>(lent_.data), lent_.size));
  }

  /// The same bytes for the C side. Long ones change owner (one small allocation, no copy); short ones stay borrowed
  /// from this object, which then has to live until the receiving function has returned.
  tr_buffer to_c() {
    if (lent_.data != nullptr) return std::exchange(lent_, tr_buffer{});
    if (own_.size() < kLendFrom) return tr_buffer{own_.data(), own_.size(), nullptr, nullptr};
    return lend_string(std::exchange(own_, std::string()));
  }
  /// A buffer that owns `text`.
  static tr_buffer lend_string(std::string text) {
    auto* owner = new std::string(std::move(text));
    return tr_buffer{owner->data(), owner->size(), &Bytes::release_string, owner};
  }

 private:
  static void release_string(void* owner) noexcept { delete static_cast<std::string*>(owner); }
  void release() noexcept {
    if (lent_.release != nullptr) lent_.release(lent_.owner);
  }

  std::string own_;
  tr_buffer lent_{};
};

}  // namespace toolrack
