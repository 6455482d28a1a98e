/// Frames that are too large for a stream: they lie in memory of their own, which a short frame announces. One copy in,
/// none out, and no socket buffer that has to be emptied a hundred times.
///
/// The descriptor travels ahead of that frame on a socket of its own, so that whoever reads frames needs no room for
/// descriptors: recv() on both ends instead of recvmsg() takes 7 % off a round trip of short frames.
///
/// Memory that somebody else made can be taken away from under a reader, which then ends by SIGBUS. So what a worker
/// sends is mapped only when it is sealed: it can neither shrink, grow nor be written to any more, it is ordinary
/// memory, and all of it is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace toolrack::worker {

/// A longer frame travels in memory: from here on it is the cheaper way (tests/bench/worker_bench.cpp).
inline constexpr std::size_t kLongestStreamed = 256 << 10;

/// A descriptor of memory that holds `bytes` and is sealed, closed on exec; -1 when the system gives none.
int make_sealed(std::string_view bytes) noexcept;

/// Memory of the other end, readable as long as this lives.
class SealedMemory {
 public:
  /// Nothing when it is not sealed memory of that size. `descriptor` stays the caller's.
  static std::optional<SealedMemory> map(int descriptor, std::uint64_t size) noexcept;
  SealedMemory(SealedMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SealedMemory& operator=(SealedMemory&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SealedMemory();
  std::string_view bytes() const noexcept { return bytes_; }

 private:
  explicit SealedMemory(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

/// Sends a copy of `descriptor` on a socket of descriptors, without waiting. False: it takes no more now.
bool give_descriptor(int socket, int descriptor) noexcept;
/// The next one that came there, closed on exec; -1: none is there. Does not wait.
int take_descriptor(int socket) noexcept;

}  // namespace toolrack::worker
