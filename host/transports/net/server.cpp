#include "transports/net/server.hpp"

#include <fcntl.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "transports/net/connections.hpp"
#include "transports/net/listener.hpp"

namespace toolrack::net {

namespace {

tl::unexpected<base::Error> cannot_copy() {
  return base::fail(base::ErrorCode::kUnavailable,
                    "A listening socket cannot be copied: " + std::generic_category().message(errno) + ".",
                    "Allow the process more descriptors (ulimit -n, LimitNOFILE=).");
}

}  // namespace

struct Server::State {
  State(base::Loops& all_loops, base::Metrics& metrics, const Limits& limits, const base::Clock& clock)
      : loops(all_loops), share(metrics, limits, clock) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      auto& part = parts.emplace_back();
      part.connections = std::make_unique<Connections>(loops[i], share);
    }
  }

  void listen(std::size_t loop, UniqueFd fd, bool is_local, Handler& handler) {
    auto& part = parts[loop];
    auto listener = std::make_unique<Listener>(std::move(fd), is_local, *part.connections, handler);
    boost::asio::post(loops[loop].context(), [&part, listener = std::move(listener)]() mutable {
      part.listeners.push_back(std::move(listener));
      part.listeners.back()->start();
    });
  }

  void listen_tcp(std::size_t loop, UniqueFd fd, Handler& handler) {
    tcp_sockets.push_back({&handler, fd.get()});
    listen(loop, std::move(fd), false, handler);
  }

  void remove_socket_files() {
    for (const auto& socket : unix_sockets) ::unlink(socket.path.c_str());
    unix_sockets.clear();
  }

  /// What one loop works with; touched by that loop only once it runs.
  struct Part {
    std::unique_ptr<Connections> connections;
    std::vector<std::unique_ptr<Listener>> listeners;
  };
  base::Loops& loops;
  ServerShare share;
  std::vector<Part> parts;
  struct TcpListening {
    const Handler* handler;
    int fd;  ///< Its listener's, open until that is stopped.
  };
  std::vector<TcpListening> tcp_sockets;
  struct UnixListening {
    std::string path;
    int fd;
  };
  std::vector<UnixListening> unix_sockets;  ///< Whose files are ours to remove.
  std::atomic<std::size_t> undrained{0};
  std::function<void()> on_drained;
};

Server::Server(base::Loops& loops, base::Metrics& metrics, Limits limits, const base::Clock& clock)
    : state_(std::make_unique<State>(loops, metrics, limits, clock)) {}

Server::~Server() { state_->remove_socket_files(); }

base::Result<std::uint16_t> Server::listen_tcp(std::string_view address, std::uint16_t port, Handler& handler) {
  auto sockets = TRY(open_tcp_sockets(address, port, state_->loops.size(), true, state_->share.limits.lost_peer));
  port = sockets.front().port;
  TRY(listen_on(std::move(sockets), handler));
  return port;
}

base::Result<void> Server::listen_on(std::vector<TcpSocket> sockets, Handler& handler) {
  const auto loops = state_->loops.size();
  const auto given = sockets.size();
  for (std::size_t i = given; i < loops; ++i) {
    const auto& shared = sockets[i % given];
    sockets.push_back({shared.fd.copy(), shared.address, shared.port});
    if (!sockets.back().fd) return cannot_copy();
  }
  for (std::size_t i = 0; i < sockets.size(); ++i) state_->listen_tcp(i % loops, std::move(sockets[i].fd), handler);
  return {};
}

base::Result<std::vector<UniqueFd>> Server::copy_sockets(const Handler& handler) const {
  std::vector<UniqueFd> copies;
  for (const auto& socket : state_->tcp_sockets) {
    if (socket.handler != &handler) continue;
    copies.emplace_back(::fcntl(socket.fd, F_DUPFD_CLOEXEC, 0));
    if (!copies.back()) return cannot_copy();
  }
  return copies;
}

base::Result<void> Server::listen_unix(const std::string& path, Handler& handler, UniqueFd given) {
  auto fd = given ? adopt_unix(std::move(given), path) : UniqueFd();
  if (!fd) fd = TRY(open_unix(path));
  state_->unix_sockets.push_back({path, fd.get()});
  state_->listen(0, std::move(fd), true, handler);
  return {};
}

base::Result<UniqueFd> Server::hand_over_unix(const std::string& path) {
  auto& sockets = state_->unix_sockets;
  const auto found = std::ranges::find(sockets, path, &State::UnixListening::path);
  if (found == sockets.end()) return UniqueFd();
  UniqueFd copy(::fcntl(found->fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return cannot_copy();
  sockets.erase(found);
  return copy;
}

void Server::drain(std::chrono::milliseconds patience, std::function<void()> done) {
  auto& state = *state_;
  // First: whoever finds no file goes on alone instead of waiting for an answer. One that was handed over stays.
  state.remove_socket_files();
  state.on_drained = std::move(done);
  state.undrained = state.parts.size();
  for (std::size_t i = 0; i < state.parts.size(); ++i) {
    boost::asio::post(state.loops[i].context(), [&state, &part = state.parts[i], patience] {
      for (auto& listener : part.listeners) listener->stop();
      part.connections->drain(patience, [&state] {
        if (state.undrained.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        // The owner may destroy the server while this runs.
        const auto on_drained = std::move(state.on_drained);
        on_drained();
      });
    });
  }
}

std::size_t Server::connections() const noexcept { return state_->share.open.load(std::memory_order_relaxed); }

}  // namespace toolrack::net
