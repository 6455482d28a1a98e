#include "worker/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace toolrack::worker {

void end_with_gateway() noexcept { ::_exit(0); }

void Socket::send_locked(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd wait{descriptor_, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      end_with_gateway();
    }
  }
}

void Socket::send(std::string frame) {
  const std::lock_guard lock(mutex_);
  send_locked(frame);
}

void Socket::read_some() {
  const auto room = reader_.room();
  for (;;) {
    const auto got = ::recv(descriptor_, room.data(), room.size(), 0);
    if (got > 0) return reader_.filled(static_cast<std::size_t>(got));
    if (got < 0 && errno == EAGAIN) return;
    if (got == 0 || errno != EINTR) end_with_gateway();
  }
}

std::string Socket::ask(std::string frame) {
  const std::lock_guard lock(mutex_);
  send_locked(frame);
  for (;;) {
    if (const auto answer = reader_.next()) return std::string(answer->payload);
    read_some();
  }
}

}  // namespace toolrack::worker
