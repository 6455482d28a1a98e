/// Structs as a plugin of another ABI version meets them: of a size of their own, and nothing readable behind it.
#pragma once

#include <cstddef>

namespace toolrack::lint {

/// A copy that ends where a page ends, in front of one that cannot be read: whoever looks behind `size` dies.
class GuardedCopy {
 public:
  /// The first `size` bytes of `from`, of which `known` are there; a longer copy is filled up with 0xdd.
  GuardedCopy(const void* from, std::size_t known, std::size_t size);
  ~GuardedCopy();
  GuardedCopy(const GuardedCopy&) = delete;
  GuardedCopy& operator=(const GuardedCopy&) = delete;

  template <typename T>
  T* as() const noexcept {
    return static_cast<T*>(start_);
  }

 private:
  void* pages_ = nullptr;
  std::size_t mapped_ = 0;
  void* start_ = nullptr;
};

/// Of what the plugin is given.
enum class Sizes : unsigned char {
  kToday,           ///< As the test host has them.
  kFirst,           ///< Those of ABI 1.0, and not a byte more.
  kShortHost,       ///< tr_host ends before explain().
  kLongInvocation,  ///< tr_invocation has grown by what nobody knows yet.
};

std::size_t host_size(Sizes sizes) noexcept;
std::size_t invocation_size(Sizes sizes) noexcept;
/// "on a host whose tr_host ends before explain()".
const char* describe(Sizes sizes) noexcept;

}  // namespace toolrack::lint
