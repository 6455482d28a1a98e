#include "transports/stdio/line_output.hpp"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace toolrack::stdio {

void LineOutput::add(std::string_view json) {
  if (is_broken_) return;
  const auto from = static_cast<std::ptrdiff_t>(buffer_.size());
  buffer_.append(json);
  std::replace_if(
      buffer_.begin() + from, buffer_.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  buffer_ += '\n';
}

void LineOutput::flush() {
  while (!is_empty() && !is_broken_) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) <= 0 || (ready.revents & (POLLOUT | POLLERR | POLLHUP)) == 0) break;
    // A writable pipe takes this much without blocking; making the descriptor non-blocking would change it for others.
    const auto size = std::min<std::size_t>(buffer_.size() - sent_, PIPE_BUF);
    const auto written = ::write(fd_, buffer_.data() + sent_, size);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0)
      is_broken_ = true;
    else
      sent_ += static_cast<std::size_t>(written);
  }
  if (is_empty() || is_broken_) {
    buffer_.clear();
    sent_ = 0;
  } else if (sent_ > buffer_.size() / 2) {
    buffer_.erase(0, sent_);
    sent_ = 0;
  }
}

}  // namespace toolrack::stdio
