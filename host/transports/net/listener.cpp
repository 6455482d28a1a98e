#include "transports/net/listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "transports/net/connections.hpp"
#include "transports/net/http.hpp"

namespace toolrack::net {
namespace {

using base::ErrorCode;

constexpr int kBacklog = 1024;
constexpr int kSocketFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<base::Error> cannot_listen(std::string_view where, int error) {
  const auto code = error == EADDRINUSE ? ErrorCode::kConflict : ErrorCode::kInvalidConfig;
  const auto* hint = error == EADDRINUSE ? "Choose another --listen, or stop who listens there."
                                         : "Choose an address of this machine and a port that may be used.";
  return base::fail(code, "Cannot listen on " + std::string(where) + ": " + reason(error) + ".", hint);
}

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}
bool set_on(int fd, int level, int option) { return set(fd, level, option, 1); }

/// Connections have what their listener has, so this costs nothing when one is accepted.
bool watch_for_lost_peers(int fd, std::chrono::seconds lost_peer) {
  // Silence for half the time, then three questions.
  const auto whole = static_cast<int>(lost_peer.count());
  return set_on(fd, SOL_SOCKET, SO_KEEPALIVE) && set(fd, IPPROTO_TCP, TCP_KEEPIDLE, std::max(1, whole / 2)) &&
         set(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, whole / 6)) && set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3) &&
         set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, whole * 1000);
}

/// IPv4 that came in over IPv6 as IPv4. The address lies in `text`.
Peer peer_of(const sockaddr_storage& from, char (&text)[INET6_ADDRSTRLEN]) {
  const void* address = nullptr;
  int family = from.ss_family;
  in_port_t port = 0;
  if (family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    address = &v4.sin_addr;
    port = v4.sin_port;
  } else if (family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    address = &v6.sin6_addr;
    port = v6.sin6_port;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      family = AF_INET;
      address = v6.sin6_addr.s6_addr + 12;
    }
  } else {
    return {.address = "unix"};
  }
  if (::inet_ntop(family, address, text, sizeof text) == nullptr) return {};
  return {.address = text, .port = ntohs(port)};
}

base::Result<boost::asio::ip::tcp::endpoint> read_endpoint(std::string_view address, std::uint16_t port) {
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(std::string(address), error);
  if (error)
    return base::fail(ErrorCode::kInvalidConfig, "\"" + std::string(address) + "\" is no IP address to listen on.",
                      "Write an address, not a name: 127.0.0.1, ::1, 0.0.0.0.");
  return boost::asio::ip::tcp::endpoint(ip, port);
}

std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint) {
  const auto ip = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(endpoint.port());
}

/// Where `fd` really is.
base::Result<TcpSocket> describe(UniqueFd fd, std::string_view name) {
  boost::asio::ip::tcp::endpoint bound;
  auto size = static_cast<socklen_t>(bound.capacity());
  if (::getsockname(fd.get(), bound.data(), &size) != 0) return cannot_listen(name, errno);
  auto ip = bound.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped())
    ip = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6());
  return TcpSocket{std::move(fd), ip.to_string(), bound.port()};
}

/// Does a process answer on the socket file at `address`? A file that refuses is left from one that died.
base::Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode))
    return base::fail(ErrorCode::kConflict, "Cannot listen on " + path + ": a file that is no socket is in the way.",
                      "Move the file away, or choose another data directory.");
  const UniqueFd probe(::socket(AF_UNIX, kSocketFlags, 0));
  if (!probe) return cannot_listen(path, errno);
  const int connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected != 0 && errno == ENOENT) return {};
  // Anything but a refusal (a full backlog, say) means that somebody is there.
  if (connected == 0 || errno != ECONNREFUSED)
    return base::fail(ErrorCode::kConflict, "Cannot listen on " + path + ": a running process answers there.",
                      "Stop that process, or choose another data directory.");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return cannot_listen(path, errno);
  return {};
}

}  // namespace

base::Result<void> check_tcp(std::string_view address, std::uint16_t port) {
  const auto endpoint = TRY(read_endpoint(address, port));
  // SO_REUSEPORT would let two gateways share a port without a word; a socket without it finds the other one.
  const UniqueFd probe(::socket(endpoint.protocol().family(), kSocketFlags, 0));
  if (!probe || !set_on(probe.get(), SOL_SOCKET, SO_REUSEADDR) ||
      ::bind(probe.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    const int error = errno;  // What comes next may set another.
    return cannot_listen(text_of(endpoint), error);
  }
  return {};
}

base::Result<TcpSocket> open_tcp(std::string_view address, std::uint16_t port, bool is_first,
                                 std::chrono::seconds lost_peer) {
  const auto endpoint = TRY(read_endpoint(address, port));
  const auto where = text_of(endpoint);
  if (is_first && port != 0) TRY(check_tcp(address, port));
  UniqueFd fd(::socket(endpoint.protocol().family(), kSocketFlags, 0));
  if (!fd || !set_on(fd.get(), SOL_SOCKET, SO_REUSEADDR) || !set_on(fd.get(), SOL_SOCKET, SO_REUSEPORT) ||
      !watch_for_lost_peers(fd.get(), lost_peer) ||
      ::bind(fd.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      ::listen(fd.get(), kBacklog) != 0)
    return cannot_listen(where, errno);
  return describe(std::move(fd), where);
}

base::Result<std::vector<TcpSocket>> open_tcp_sockets(std::string_view address, std::uint16_t port, std::size_t count,
                                                      bool is_first, std::chrono::seconds lost_peer) {
  std::vector<TcpSocket> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    sockets.push_back(TRY(open_tcp(address, port, is_first && i == 0, lost_peer)));
    port = sockets.back().port;
  }
  return sockets;
}

base::Result<TcpSocket> adopt_tcp(UniqueFd fd, std::chrono::seconds lost_peer) {
  const auto option = [&](int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd.get(), SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  const auto domain = option(SO_DOMAIN);
  if (option(SO_ACCEPTCONN) != 1 || option(SO_TYPE) != SOCK_STREAM || (domain != AF_INET && domain != AF_INET6))
    return base::fail(
        ErrorCode::kInvalidConfig,
        "The descriptor " + std::to_string(fd.get()) + " that was handed over is no listening TCP socket.",
        "Hand over sockets of ListenStream= with a port (systemd.socket).");
  const auto name = "descriptor " + std::to_string(fd.get());
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0 ||
      !watch_for_lost_peers(fd.get(), lost_peer))
    return cannot_listen(name, errno);
  return describe(std::move(fd), name);
}

base::Result<UniqueFd> open_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return base::fail(ErrorCode::kInvalidConfig,
                      "The socket path \"" + path + "\" has " + std::to_string(path.size()) +
                          " bytes; the system takes 1 to " + std::to_string(sizeof address.sun_path - 1) + ".",
                      "Choose a data directory with a shorter path.");
  std::memcpy(address.sun_path, path.data(), path.size());
  TRY(remove_stale(path, address));
  UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  // The mode of the socket becomes the mode of its file, so the file is never open to others, not for a moment.
  if (!fd || ::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), kBacklog) != 0)
    return cannot_listen(path, errno);
  return fd;
}

UniqueFd adopt_unix(UniqueFd fd, const std::string& path) {
  sockaddr_un bound{};
  socklen_t size = sizeof bound;
  int listens = 0;
  socklen_t width = sizeof listens;
  struct stat file {};
  const int flags = ::fcntl(fd.get(), F_GETFL);
  const bool is_it = ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0 &&
                     bound.sun_family == AF_UNIX && path == bound.sun_path &&
                     ::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &width) == 0 && listens == 1 &&
                     ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode) && flags >= 0 &&
                     ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) == 0 && ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) == 0;
  return is_it ? std::move(fd) : UniqueFd();
}

Listener::Listener(UniqueFd fd, bool is_local, Connections& connections, Handler& handler)
    : connections_(connections),
      handler_(handler),
      is_local_(is_local),
      socket_(connections.loop.context().get_executor(), fd.release()),
      pause_(connections.loop.context()) {}

void Listener::start() {
  if (socket_.is_open()) wait();
}

void Listener::wait() {
  socket_.async_wait(socket_.wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    if (accept_some() != Round::kFull) return wait();
    // Waiting for readiness would spin: the clients still wait. Closing connections make room.
    constexpr std::chrono::milliseconds kPause{100};
    pause_.expires_after(kPause);
    pause_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled && socket_.is_open()) wait();
    });
  });
}

Listener::Round Listener::accept_some() {
  // Between rounds of so many, the connections that are there get their turn.
  constexpr int kRound = 16;
  for (int i = 0; i < kRound; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd =
        ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return Round::kFull;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return Round::kDone;
      continue;  // This one has left, or the network failed it.
    }
    if (!is_local_) set_on(fd, IPPROTO_TCP, TCP_NODELAY);
    char text[INET6_ADDRSTRLEN];
    connections_.add(fd, is_local_, peer_of(from, text), handler_);
  }
  return Round::kMore;
}

void Listener::stop() {
  if (!socket_.is_open()) return;
  while (accept_some() == Round::kMore) {
  }
  pause_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace toolrack::net
