/// The HTTP/1.1 server: listeners on every loop, connections that stay on the loop that accepted them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "transports/net/http.hpp"
#include "transports/net/limits.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::net {

struct TcpSocket;

/// Made before or after the loops start, destroyed after they stopped (or after `drain` has called back).
///
/// Threads: `listen_*` and `drain` from any one thread; handlers run on the loops.
class Server {
 public:
  Server(base::Loops& loops, base::Metrics& metrics, Limits limits = {},
         const base::Clock& clock = base::system_clock());
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// One listener per loop on `address` ("127.0.0.1", "::", no names). Port 0 takes a free one. Returns the port.
  /// kInvalidConfig for a bad address, kConflict when somebody else listens there.
  base::Result<std::uint16_t> listen_tcp(std::string_view address, std::uint16_t port, Handler& handler);

  /// Sockets that listen already (listener.hpp), at least one. With fewer than there are loops, loops share them.
  base::Result<void> listen_on(std::vector<TcpSocket> sockets, Handler& handler);

  /// Copies of the TCP sockets that `handler` is served at. Clients that come after `drain` wait in their queues for
  /// whoever takes them over, so before it.
  base::Result<std::vector<UniqueFd>> copy_sockets(const Handler& handler) const;

  /// A unix-domain socket with mode 0600, served by loop 0. A file left by a dead process is replaced; kConflict when
  /// somebody answers there or the path is no socket. The file is removed by `drain` and the destructor. `given`: from
  /// `hand_over_unix` of the process before this one; served when it is at `path`.
  base::Result<void> listen_unix(const std::string& path, Handler& handler, UniqueFd given = {});

  /// A copy of the socket at `path`, for whoever takes it over: from now on its file is theirs, and stays. Clients that
  /// come after `drain` wait in its queue, so before it. None when there is no such socket.
  base::Result<UniqueFd> hand_over_unix(const std::string& path);

  /// Stops accepting, closes idle connections after a moment in which a request that was on its way is answered, lets
  /// running exchanges finish for at most `patience`, then cuts them off. `done` is called once, on some loop, when no
  /// connection is left. The loops must be running. Call it once.
  void drain(std::chrono::milliseconds patience, std::function<void()> done);

  /// Open connections now.
  std::size_t connections() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace toolrack::net
