/// Messages to a descriptor, one a line, without waiting for who reads them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace toolrack::stdio {

class LineOutput {
 public:
  /// The descriptor stays the caller's, and keeps its mode: other processes may share it.
  explicit LineOutput(int fd) : fd_(fd) {}

  int fd() const noexcept { return fd_; }
  /// Queues one JSON text. Line breaks between its tokens become blanks; inside JSON's strings there are none.
  void add(std::string_view json);
  /// Writes what the reader takes now.
  void flush();
  bool is_empty() const noexcept { return sent_ == buffer_.size(); }
  /// So much waits that whoever produces more should wait too.
  bool is_full() const noexcept { return buffer_.size() - sent_ > kFull; }
  /// The reader is gone; what is added is dropped.
  bool is_broken() const noexcept { return is_broken_; }

 private:
  static constexpr std::size_t kFull = 4 << 20;
  const int fd_;
  std::string buffer_;
  std::size_t sent_ = 0;
  bool is_broken_ = false;
};

}  // namespace toolrack::stdio
