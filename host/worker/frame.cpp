#include "worker/frame.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::worker {
namespace {

constexpr std::size_t kHead = sizeof(std::uint32_t) + kShortestFrame;
constexpr std::size_t kGuestAt = sizeof(std::uint32_t) + sizeof(std::uint16_t);
/// Type and guest are read as one word.
constexpr std::uint32_t kTypeMask = 0xFFFF, kGuestShift = 16;

bool is_type(std::uint32_t type) noexcept { return type != 0 && type <= static_cast<std::uint32_t>(FrameType::kLast); }

/// Room for small frames, kept; what a large one needed is given back after it.
constexpr std::size_t kUsualRoom = 64 << 10;
/// Of fields in a frame of which nothing else is known.
constexpr std::size_t kUsualFields = 48;

}  // namespace

FrameWriter::FrameWriter(FrameType type, std::uint64_t id, std::size_t expected)
    : bytes_(kHead + std::max(expected, kUsualFields), '\0'), end_(sizeof(std::uint32_t)) {
  // The length is known at the end.
  u32(static_cast<std::uint32_t>(type)).u64(id);
}

void FrameWriter::grow(std::size_t size) { bytes_.resize(std::max(2 * bytes_.size(), end_ + size)); }

std::string FrameWriter::take(std::uint16_t guest) && {
  bytes_.resize(end_);
  const auto length = static_cast<std::uint32_t>(bytes_.size() - sizeof(std::uint32_t));
  std::memcpy(bytes_.data(), &length, sizeof length);
  set_guest(bytes_, guest);
  return std::move(bytes_);
}

void set_guest(std::string& frame, std::uint16_t guest) noexcept {
  std::memcpy(frame.data() + kGuestAt, &guest, sizeof guest);
}

std::uint32_t FieldReader::count(std::size_t least_bytes) {
  const auto out = u32();
  if (out > rest_.size() / least_bytes) fail();
  return has_failed_ ? 0 : out;
}

std::span<char> FrameReader::room() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (buffer_.size() > kUsualRoom) buffer_ = {};
  }
  if (begin_ != 0 && end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  // Twice what has come, never what a length promises.
  if (end_ == buffer_.size()) buffer_.resize(std::max(kUsualRoom, 2 * buffer_.size()));
  return std::span(buffer_).subspan(end_);
}

std::optional<Frame> read_frame(std::string_view bytes) {
  if (bytes.size() < kHead || bytes.size() - sizeof(std::uint32_t) > kLongestFrame) return std::nullopt;
  FieldReader in(bytes);
  const auto length = in.u32(), what = in.u32();
  const auto type = what & kTypeMask;
  Frame frame;
  frame.id = in.u64();
  if (length != bytes.size() - sizeof length || !is_type(type)) return std::nullopt;
  frame.type = static_cast<FrameType>(type);
  frame.guest = static_cast<std::uint16_t>(what >> kGuestShift);
  frame.payload = bytes.substr(kHead);
  return frame;
}

std::optional<Frame> FrameReader::next() {
  if (is_broken_ || end_ - begin_ < kHead) return std::nullopt;
  const char* at = buffer_.data() + begin_;
  std::uint32_t length = 0, what = 0;
  Frame frame;
  std::memcpy(&length, at, sizeof length);
  std::memcpy(&what, at + sizeof length, sizeof what);
  std::memcpy(&frame.id, at + sizeof length + sizeof what, sizeof frame.id);
  const auto type = what & kTypeMask;
  if (length < kShortestFrame || length > kLongestFrame || !is_type(type)) {
    is_broken_ = true;
    return std::nullopt;
  }
  if (end_ - begin_ < sizeof length + length) return std::nullopt;
  frame.type = static_cast<FrameType>(type);
  frame.guest = static_cast<std::uint16_t>(what >> kGuestShift);
  frame.payload = {at + kHead, length - kShortestFrame};
  begin_ += sizeof length + length;
  return frame;
}

}  // namespace toolrack::worker
