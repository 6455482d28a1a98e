/// Listening sockets, and what takes connections from one.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::net {

class Connections;
class Handler;

/// Listens.
struct TcpSocket {
  UniqueFd fd;
  std::string address;  ///< That it is bound to, without brackets; IPv4 in IPv6's notation as IPv4.
  std::uint16_t port;
};
/// Could we listen there? kConflict when somebody does, kInvalidConfig when the address is none of this machine's or
/// the port may not be used. Takes nothing, so somebody may come before us.
base::Result<void> check_tcp(std::string_view address, std::uint16_t port);

/// Bound and listening; several may share a port that is not 0 when each is opened by this function. Its connections
/// break when the peer acknowledges nothing for `lost_peer`, also while there is nothing to send. kInvalidConfig,
/// kConflict (somebody listens there and `is_first`, that is, it cannot be us).
base::Result<TcpSocket> open_tcp(std::string_view address, std::uint16_t port, bool is_first,
                                 std::chrono::seconds lost_peer);

/// So many that share one port, each as open_tcp opens it.
base::Result<std::vector<TcpSocket>> open_tcp_sockets(std::string_view address, std::uint16_t port, std::size_t count,
                                                      bool is_first, std::chrono::seconds lost_peer);

/// A socket that listens already, from a service manager or from the process before this one. kInvalidConfig when it is
/// no listening TCP socket.
base::Result<TcpSocket> adopt_tcp(UniqueFd fd, std::chrono::seconds lost_peer);

/// See Server::listen_unix.
base::Result<UniqueFd> open_unix(const std::string& path);

/// A unix-domain socket of the process before this one, whose clients find it at `path`. Nothing when it is something
/// else, or its file has gone: it is closed, and one is to be opened.
UniqueFd adopt_unix(UniqueFd fd, const std::string& path);

/// Accepts for one loop and is used there, but for its construction.
class Listener {
 public:
  Listener(UniqueFd fd, bool is_local, Connections& connections, Handler& handler);

  /// Begins to accept.
  void start();
  /// Takes what waits in the backlog, so that no client is reset, and closes.
  void stop();

 private:
  void wait();
  enum class Round : std::uint8_t {
    kDone,  ///< Nobody waits any more.
    kMore,  ///< So many at once are enough; others may wait.
    kFull,  ///< The process has no descriptors or memory left for connections.
  };
  Round accept_some();

  Connections& connections_;
  Handler& handler_;
  const bool is_local_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> socket_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      pause_;
};

}  // namespace toolrack::net
