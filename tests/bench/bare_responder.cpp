/// The machine's limit for "tools/list": epoll, no framework, no JSON; every POST gets the same bytes.
///
///     bare_responder PORT FILE     answers on 127.0.0.1:PORT with FILE as the body
///
/// What a server that does any work at all is compared with, so it does no more than HTTP needs: it finds the end of a
/// request by its Content-Length and sends head and body in one write.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace {

struct Client {
  std::string in, out;
  std::size_t sent = 0;
};

/// The size of the first whole request in `bytes`, or 0.
std::size_t whole_request(std::string_view bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n", kLength = "content-length:";
  const auto end = bytes.find(kEnd);
  if (end == std::string_view::npos) return 0;
  std::size_t body = 0;
  for (auto line = bytes.find("\r\n"); line < end; line = bytes.find("\r\n", line + 2))
    if (::strncasecmp(bytes.data() + line + 2, kLength.data(), kLength.size()) == 0)
      body = std::strtoul(bytes.data() + line + 2 + kLength.size(), nullptr, 10);
  const auto size = end + kEnd.size() + body;
  return bytes.size() >= size ? size : 0;
}

/// False when the connection is over.
bool send_all(int socket, Client& client) {
  while (client.sent < client.out.size()) {
    const auto size = ::send(socket, client.out.data() + client.sent, client.out.size() - client.sent, MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN;
    client.sent += static_cast<std::size_t>(size);
  }
  client.out.clear();
  client.sent = 0;
  return true;
}

bool serve(int socket, Client& client, const std::string& reply) {
  std::array<char, 64 << 10> buffer;
  const auto size = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (size == 0 || (size < 0 && errno != EAGAIN)) return false;
  if (size > 0) client.in.append(buffer.data(), static_cast<std::size_t>(size));
  std::size_t used = 0;
  while (const auto request = whole_request(std::string_view(client.in).substr(used))) {
    client.out += reply;
    used += request;
  }
  client.in.erase(0, used);
  return send_all(socket, client);
}

int listen_on(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(socket, 1024) != 0) {
    std::perror("bare_responder");
    std::exit(1);
  }
  return socket;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bare_responder PORT FILE\n", stderr);
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  const std::string body(std::istreambuf_iterator<char>(file), {});
  const auto reply =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  const int listener = listen_on(static_cast<std::uint16_t>(std::atoi(argv[1])));
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const auto watch = [&](int socket) {
    epoll_event event{};
    event.events = EPOLLIN | (socket == listener ? 0U : static_cast<unsigned>(EPOLLOUT | EPOLLET));
    event.data.fd = socket;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener);
  std::map<int, Client> clients;
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener) {
        for (int client; (client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
          const int yes = 1;
          ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
          clients[client];
          watch(client);
        }
      } else if (!serve(socket, clients[socket], reply)) {
        ::close(socket);
        clients.erase(socket);
      }
    }
  }
}
