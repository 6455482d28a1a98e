/// A loopback port where nobody listens, kept from everybody else.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace toolrack::test {

/// Bound, but not listening: connecting to it is refused, and no other program gets it. A server of this test may come
/// up there (ScriptedHttpServer::Options::port).
class RefusingPort {
 public:
  RefusingPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&here), size), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size);
    number_ = ntohs(here.sin_port);
  }
  ~RefusingPort() { ::close(socket_); }
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;

  std::uint16_t number() const { return number_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(number_); }

 private:
  const int socket_;
  std::uint16_t number_ = 0;
};

}  // namespace toolrack::test
