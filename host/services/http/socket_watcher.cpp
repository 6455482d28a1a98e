#include "services/http/socket_watcher.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace toolrack::services::http {
namespace {

constexpr std::size_t kEventsPerTurn = 64;

}  // namespace

SocketWatcher::SocketWatcher(boost::asio::io_context& context) : set_(context), events_(kEventsPerTurn) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  boost::system::error_code ignored;  // Without a set nothing is ever ready, and requests end by their time limit.
  if (set >= 0) set_.assign(set, ignored);
}

int SocketWatcher::open(int family, int type, int protocol) noexcept {
  const int socket = ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  generations_.erase(socket);
  return socket;
}

void SocketWatcher::close(int socket) noexcept {
  forget(socket);
  ::close(socket);
}

void SocketWatcher::watch(int socket, bool read, bool write) {
  auto [entry, is_new] = generations_.try_emplace(socket, 0);
  if (is_new) entry->second = next_generation_++;
  epoll_event event{};
  event.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
  event.data.u64 = (std::uint64_t{entry->second} << 32) | static_cast<std::uint32_t>(socket);
  const int set = set_.native_handle();
  // The table may not know the kernel's view: libcurl closes sockets of its own (the resolver's) without a word.
  if (epoll_ctl(set, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event) == 0) return;
  if (errno == EEXIST || errno == ENOENT) {
    epoll_ctl(set, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
  }
}

void SocketWatcher::forget(int socket) noexcept {
  if (generations_.erase(socket) != 0) epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
}

std::span<const epoll_event> SocketWatcher::collect() noexcept {
  const int count = epoll_wait(set_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
  return {events_.data(), static_cast<std::size_t>(count > 0 ? count : 0)};
}

}  // namespace toolrack::services::http
