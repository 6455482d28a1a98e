/// Owns a file descriptor.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace toolrack::net {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    UniqueFd(std::move(other)).swap(*this);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  /// A second descriptor of the same file, closed on exec; none when the process has no more, and errno says why.
  UniqueFd copy() const noexcept { return UniqueFd(::fcntl(fd_, F_DUPFD_CLOEXEC, 0)); }

 private:
  void swap(UniqueFd& other) noexcept { std::swap(fd_, other.fd_); }
  int fd_ = -1;
};

}  // namespace toolrack::net
