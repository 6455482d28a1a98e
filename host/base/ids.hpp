/// Names of things that are made here: sortable by time of making, unguessable where it matters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace toolrack::base {

/// 48 bits of milliseconds since 1970 and 80 random bits, in Crockford base32 (a ULID): 26 characters whose byte order
/// is the order of making. Random bits come from a generator per thread, seeded by the kernel; enough for ids, not for
/// secrets.
class Id {
 public:
  static constexpr std::size_t kSize = 26;
  static Id make() noexcept;
  std::string_view view() const noexcept { return {text_.data(), kSize}; }
  std::string str() const { return std::string(view()); }

 private:
  std::array<char, kSize> text_{};
};

/// `bytes` bytes from the kernel's generator as lower-case hex: fit for keys.
std::string random_hex(std::size_t bytes);

}  // namespace toolrack::base
