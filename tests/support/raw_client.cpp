#include "support/raw_client.hpp"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "support/patience.hpp"

namespace toolrack::net {
namespace {

void limit_waiting(int fd) {
  const timeval limit{.tv_sec = test::kPatience.count(), .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

RawClient RawClient::tcp(std::uint16_t port, int receive_buffer) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit_waiting(fd.get());
  if (receive_buffer > 0) ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd = UniqueFd();
  return RawClient(std::move(fd));
}

RawClient RawClient::local(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit_waiting(fd.get());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd = UniqueFd();
  return RawClient(std::move(fd));
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t RawClient::send_some(std::string_view bytes) {
  const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool RawClient::wait_until_delivered() {
  const auto end = std::chrono::steady_clock::now() + test::kPatience;
  for (int waiting = 0; ::ioctl(fd_.get(), SIOCOUTQ, &waiting) == 0; std::this_thread::yield()) {
    if (waiting == 0) return true;
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return false;
}

bool RawClient::read_more(std::string& out, std::size_t most) {
  char block[16384];
  const auto size = ::recv(fd_.get(), block, std::min(most, sizeof block), 0);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) timed_out_ = true;
  if (size <= 0) return false;
  out.append(block, static_cast<std::size_t>(size));
  return true;
}

std::optional<std::string> RawClient::read_line() {
  for (;;) {
    if (const auto end = received_.find("\r\n"); end != std::string::npos) {
      auto line = received_.substr(0, end);
      received_.erase(0, end + 2);
      return line;
    }
    if (!read_more(received_)) return std::nullopt;
  }
}

std::optional<std::string> RawClient::read_exactly(std::size_t size) {
  while (received_.size() < size)
    if (!read_more(received_)) return std::nullopt;
  auto bytes = received_.substr(0, size);
  received_.erase(0, size);
  return bytes;
}

std::optional<RawReply> RawClient::read_reply(bool is_head) {
  const auto status = read_line();
  if (!status || status->size() < 12) return std::nullopt;
  RawReply reply;
  reply.status = std::stoi(status->substr(9, 3));
  for (;;) {
    const auto line = read_line();
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const auto colon = line->find(':');
    if (colon == std::string::npos) return std::nullopt;
    auto name = line->substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    reply.headers[name] = line->substr(std::min(colon + 2, line->size()));
  }
  if (is_head || reply.status < 200 || reply.status == 204 || reply.status == 304) return reply;
  if (const auto coding = reply.headers.find("transfer-encoding");
      coding != reply.headers.end() && coding->second == "chunked") {
    for (;;) {
      const auto size = read_line();
      if (!size) return std::nullopt;
      const auto chunk = read_exactly(std::stoul(*size, nullptr, 16) + 2);
      if (!chunk) return std::nullopt;
      if (chunk->size() == 2) return reply;
      reply.body.append(*chunk, 0, chunk->size() - 2);
    }
  }
  if (const auto length = reply.headers.find("content-length"); length != reply.headers.end()) {
    auto body = read_exactly(std::stoul(length->second));
    if (!body) return std::nullopt;
    reply.body = std::move(*body);
    return reply;
  }
  auto rest = read_to_end();
  if (!rest) return std::nullopt;
  reply.body = std::move(*rest);
  return reply;
}

std::optional<std::string> RawClient::read_to_end() {
  while (read_more(received_)) {
  }
  if (timed_out_) return std::nullopt;
  return std::exchange(received_, {});
}

bool RawClient::is_closed_by_peer() {
  const auto rest = read_to_end();
  return rest && rest->empty();
}

void RawClient::shut_down_sending() { ::shutdown(fd_.get(), SHUT_WR); }

void RawClient::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

}  // namespace toolrack::net
