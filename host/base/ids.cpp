#include "base/ids.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <random>
#include <span>

#include "base/clock.hpp"
#include "base/encoding.hpp"

namespace toolrack::base {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The kernel's generator cannot fail on a system that has booted; without randomness nothing here may go on.
void fill_random(std::span<char> out) noexcept {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno != EINTR) std::abort();
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
}

/// What one thread needs to make ids in ascending order.
class Generator {
 public:
  Generator() {
    std::array<std::uint32_t, 16> seed;
    fill_random({reinterpret_cast<char*>(seed.data()), sizeof seed});
    std::seed_seq sequence(seed.begin(), seed.end());
    random_.seed(sequence);
  }

  struct Bits {
    std::uint64_t milliseconds;
    std::uint64_t high;  ///< The upper 40 of the 80 random bits.
    std::uint64_t low;   ///< The lower 40.
  };

  Bits next(std::uint64_t now_ms) noexcept {
    if (now_ms > last_.milliseconds) {
      last_ = {now_ms, random_() >> 24, random_() >> 24};
    } else {  // The same millisecond, or the clock was set back: count on from the last id.
      last_.low = (last_.low + 1) & kMask;
      if (last_.low == 0) last_.high = (last_.high + 1) & kMask;
      if (last_.low == 0 && last_.high == 0) ++last_.milliseconds;
    }
    return last_;
  }

 private:
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << 40) - 1;
  std::mt19937_64 random_;
  Bits last_{};
};

/// `count` digits of five bits each, the most significant first.
char* put_base32(char* out, std::uint64_t bits, int count) noexcept {
  for (int i = count - 1; i >= 0; --i) *out++ = kCrockford[(bits >> (5 * i)) & 31];
  return out;
}

}  // namespace

Id Id::make() noexcept {
  thread_local Generator generator;
  const auto bits = generator.next(static_cast<std::uint64_t>(system_clock().unix_ns() / 1'000'000));
  Id id;
  char* out = put_base32(id.text_.data(), bits.milliseconds, 10);
  out = put_base32(out, bits.high, 8);
  put_base32(out, bits.low, 8);
  return id;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill_random(raw);
  return to_hex(raw);
}

}  // namespace toolrack::base
