/// Lines from a descriptor, without waiting.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace toolrack::stdio {

class LineInput {
 public:
  static constexpr std::size_t kMaxLine = 64 << 20;

  struct Line {
    std::string text;
    bool is_too_long = false;  ///< Longer than kMaxLine; what it said is lost.
  };

  /// The descriptor stays the caller's.
  explicit LineInput(int fd) : fd_(fd) {}

  int fd() const noexcept { return fd_; }
  /// Would reading return at once: with bytes, the end, or an error?
  bool is_readable() const noexcept;
  /// Reads once; call it when the descriptor is readable, else it waits.
  void read_some();
  /// The next complete line without its end; empty ones are skipped. The last one needs no line break.
  std::optional<Line> next();
  bool is_ended() const noexcept { return is_ended_; }
  /// Ended, and every line was taken.
  bool is_exhausted() const noexcept { return is_ended_ && taken_ == buffer_.size() && !is_skipping_; }

 private:
  const int fd_;
  std::string buffer_;
  std::size_t taken_ = 0;    // Up to here the buffer is used up.
  std::size_t scanned_ = 0;  // Up to here it holds no line break.
  bool is_skipping_ = false;
  bool is_ended_ = false;
};

}  // namespace toolrack::stdio
