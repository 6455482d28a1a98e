#include "transports/net/chunk_decoder.hpp"

#include <algorithm>
#include <cstring>

#include "transports/net/characters.hpp"

namespace toolrack::net {
namespace {

constexpr int kMaxDigits = 8;  // 4 GiB a chunk; keeps the sum far from overflow.
constexpr std::size_t kMaxExtension = 256;
constexpr std::size_t kMaxTrailer = 4 << 10;
// Room for bodies in chunks of one byte (six on the wire), not for a client that sends nothing but framing.
constexpr std::size_t kFramingAllowance = 16 << 10;
constexpr std::size_t kFramingFactor = 8;

}  // namespace

ChunkDecoder::Outcome ChunkDecoder::bad(const char* reason) noexcept {
  reason_ = reason;
  return Outcome::kBad;
}

ChunkDecoder::Step ChunkDecoder::decode(char* out, const char* in, std::size_t size) noexcept {
  std::size_t at = 0;
  std::size_t produced = 0;
  while (at < size) {
    if (state_ == State::kData) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - at));
      std::memmove(out + produced, in + at, n);
      at += n;
      produced += n;
      total_ += n;
      left_ -= n;
      if (left_ == 0) state_ = State::kDataCr;
      continue;
    }
    const auto outcome = take(in[at]);
    ++at;
    if (outcome != Outcome::kNeedMore) return {outcome, at, produced};
    if (++framing_ > kFramingAllowance + kFramingFactor * total_)
      return {bad("too much framing around too few bytes"), at, produced};
  }
  return {Outcome::kNeedMore, at, produced};
}

ChunkDecoder::Outcome ChunkDecoder::take(char c) noexcept {
  switch (state_) {
    case State::kSize: {
      if (const int digit = hex_digit(c); digit >= 0) {
        if (++digits_ > kMaxDigits) return bad("the chunk size has too many digits");
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return Outcome::kNeedMore;
      }
      if (digits_ == 0) return bad("a chunk does not begin with its size");
      if (c == ';')
        state_ = State::kExtension;
      else if (c == '\r')
        state_ = State::kSizeLf;
      else
        return bad("the chunk size is followed by something else than its end");
      return Outcome::kNeedMore;
    }
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
        return Outcome::kNeedMore;
      }
      if (!is_field_text(c)) return bad("a chunk extension contains a control character");
      if (++extension_ > kMaxExtension) return bad("a chunk extension is longer than 256 bytes");
      return Outcome::kNeedMore;
    case State::kSizeLf:
      if (c != '\n') return bad("a carriage return without a line feed");
      digits_ = 0;
      extension_ = 0;
      if (left_ > limit_ - std::min(total_, limit_)) return Outcome::kTooLarge;
      state_ = left_ == 0 ? State::kTrailerStart : State::kData;
      return Outcome::kNeedMore;
    case State::kDataCr:
      if (c != '\r') return bad("a chunk is longer than its size says");
      state_ = State::kDataLf;
      return Outcome::kNeedMore;
    case State::kDataLf:
      if (c != '\n') return bad("a carriage return without a line feed");
      state_ = State::kSize;
      return Outcome::kNeedMore;
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kLastLf;
        return Outcome::kNeedMore;
      }
      if (!is_token(c)) return bad("a trailer field does not begin with its name");
      state_ = State::kTrailerName;
      break;
    case State::kTrailerName:
      if (c == ':')
        state_ = State::kTrailerValue;
      else if (!is_token(c))
        return bad("the name of a trailer field contains a character that is no letter");
      break;
    case State::kTrailerValue:
      if (c == '\r')
        state_ = State::kTrailerLf;
      else if (!is_field_text(c))
        return bad("a trailer field contains a control character");
      break;
    case State::kTrailerLf:
      if (c != '\n') return bad("a carriage return without a line feed");
      state_ = State::kTrailerStart;
      break;
    case State::kLastLf:
      return c == '\n' ? Outcome::kDone : bad("a carriage return without a line feed");
    case State::kData:
      break;  // Taken in one piece by `decode`.
  }
  // Trailer fields are read and dropped: merging them into the header would let them pose as checked fields.
  return ++trailer_ > kMaxTrailer ? bad("the trailer is longer than 4 KiB") : Outcome::kNeedMore;
}

}  // namespace toolrack::net
