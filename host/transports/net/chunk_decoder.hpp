/// Takes the chunked transfer coding off a request body, in place and strictly.
///
/// Our own instead of Beast's: that one asserts on bodies that arrive in small pieces, leaves the size of extensions
/// open and lets line feeds through inside quoted ones. Where senders and proxies disagree about chunks, requests get
/// smuggled, so whatever RFC 9112 does not plainly allow is refused here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace toolrack::net {

class ChunkDecoder {
 public:
  enum class Outcome : std::uint8_t { kNeedMore, kDone, kBad, kTooLarge };
  struct Step {
    Outcome outcome;
    std::size_t consumed;  ///< Of the input. Everything unless kDone: what follows belongs to the next request.
    std::size_t produced;  ///< Bytes of the body, moved to the front of the output.
  };

  explicit ChunkDecoder(std::size_t limit = 0) : limit_(limit) {}

  /// Decodes `size` bytes at `in` to `out`, which may overlap as long as out <= in.
  Step decode(char* out, const char* in, std::size_t size) noexcept;
  std::size_t total() const noexcept { return total_; }
  /// What was wrong, after kBad.
  const char* reason() const noexcept { return reason_; }

 private:
  enum class State : std::uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
  };
  Outcome take(char c) noexcept;
  Outcome bad(const char* reason) noexcept;

  std::size_t limit_;
  std::size_t total_ = 0;
  std::uint64_t left_ = 0;     ///< Of the current chunk.
  std::size_t framing_ = 0;    ///< Bytes that were not body.
  std::size_t extension_ = 0;  ///< Bytes of the current extension.
  std::size_t trailer_ = 0;    ///< Bytes of all trailer fields.
  int digits_ = 0;
  State state_ = State::kSize;
  const char* reason_ = "";
};

}  // namespace toolrack::net
