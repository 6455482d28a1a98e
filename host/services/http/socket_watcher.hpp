/// The sockets of one client and what libcurl waits for on each.
///
/// libcurl closes a socket and opens another with the same number before it says that it no longer watches the first
/// one. Asio cannot follow that, so the sockets stand in an epoll set of our own, Asio watches the one descriptor of
/// that set, and events carry a generation: one that was meant for the earlier owner of a number is dropped.
#pragma once

#include <sys/epoll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace toolrack::services::http {

/// Used by its loop's thread only. Errors of the kernel (no descriptors left) show as sockets that cannot be opened.
class SocketWatcher {
 public:
  explicit SocketWatcher(boost::asio::io_context& context);

  /// A non-blocking socket, or -1. From here on its number belongs to a new generation.
  int open(int family, int type, int protocol) noexcept;
  void close(int socket) noexcept;

  /// Wait for reading and/or writing; replaces what was asked before.
  void watch(int socket, bool read, bool write);
  void forget(int socket) noexcept;

  /// `handler(error_code)` once events are there.
  template <typename Handler>
  void async_wait(Handler&& handler) {
    set_.async_wait(boost::asio::posix::stream_descriptor::wait_read, std::forward<Handler>(handler));
  }

  /// Calls `each(socket, epoll events)` for what is ready now; `each` may open, close and watch sockets.
  template <typename Each>
  void dispatch(Each&& each) {
    for (const auto& event : collect()) {
      const int socket = static_cast<int>(event.data.u64 & 0xffffffff);
      const auto found = generations_.find(socket);
      if (found == generations_.end() || found->second != event.data.u64 >> 32) continue;
      each(socket, event.events);
    }
  }

  /// How many sockets are watched.
  std::size_t size() const noexcept { return generations_.size(); }

 private:
  std::span<const epoll_event> collect() noexcept;

  boost::asio::posix::stream_descriptor set_;
  std::vector<epoll_event> events_;
  std::unordered_map<int, std::uint32_t> generations_;  ///< Of the sockets that are watched.
  std::uint32_t next_generation_ = 0;
};

}  // namespace toolrack::services::http
