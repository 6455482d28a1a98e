#include "support/test_socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace toolrack::test {

TestSocket::TestSocket(int descriptor, SSL_CTX* tls) : descriptor_(descriptor), tls_(nullptr, &SSL_free) {
  if (tls == nullptr) return;
  // OpenSSL writes without MSG_NOSIGNAL.
  static const auto ignored [[maybe_unused]] = std::signal(SIGPIPE, SIG_IGN);
  tls_.reset(SSL_new(tls));
  SSL_set_fd(tls_.get(), descriptor_);
  is_open_ = SSL_accept(tls_.get()) == 1;
}

TestSocket::~TestSocket() {
  if (tls_ && is_open_) SSL_shutdown(tls_.get());
  ::close(descriptor_);
}

bool TestSocket::read_more(std::string& out) {
  std::array<char, 16 << 10> buffer;
  const auto size = tls_ ? SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()))
                         : ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    is_open_ = false;
    return false;
  }
  out.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

bool TestSocket::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) {
      is_open_ = false;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void TestSocket::reset_on_close() noexcept {
  const linger now{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  is_open_ = false;
}

void TestSocket::shut_down() noexcept { ::shutdown(descriptor_, SHUT_RDWR); }

}  // namespace toolrack::test
