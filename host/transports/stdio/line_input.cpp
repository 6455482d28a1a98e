#include "transports/stdio/line_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace toolrack::stdio {

bool LineInput::is_readable() const noexcept {
  pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, 0) > 0;
}

void LineInput::read_some() {
  constexpr std::size_t kPiece = 64 << 10;
  if (taken_ > 0) {
    buffer_.erase(0, taken_);
    scanned_ -= taken_;
    taken_ = 0;
  }
  const auto size = buffer_.size();
  buffer_.resize(size + kPiece);
  ssize_t got = 0;
  do got = ::read(fd_, buffer_.data() + size, kPiece);
  while (got < 0 && errno == EINTR);
  buffer_.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const bool is_dry = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (got <= 0 && !is_dry) is_ended_ = true;
}

std::optional<LineInput::Line> LineInput::next() {
  while (taken_ < buffer_.size() || is_skipping_) {
    auto end = buffer_.find('\n', std::max(taken_, scanned_));
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      if (scanned_ - taken_ > kMaxLine) {
        is_skipping_ = true;
        taken_ = scanned_;
      } else if (is_skipping_) {
        taken_ = scanned_;
      }
      if (!is_ended_) return std::nullopt;
      end = buffer_.size();
    }
    auto text = std::string(buffer_, taken_, end - taken_);
    taken_ = scanned_ = std::min(end + 1, buffer_.size());
    if (is_skipping_) {
      is_skipping_ = false;
      return Line{.text = {}, .is_too_long = true};
    }
    if (text.ends_with('\r')) text.pop_back();
    if (text.find_first_not_of(" \t") != std::string::npos) return Line{.text = std::move(text)};
  }
  return std::nullopt;
}

}  // namespace toolrack::stdio
