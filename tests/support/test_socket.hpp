/// A connected stream, plain or TLS, with blocking calls; the server side of tests.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace toolrack::test {

/// Owned and used by one thread, except `shut_down`, which any thread may call while the object lives.
class TestSocket {
 public:
  /// Takes the descriptor over. With a context it does the handshake; `is_open` is false when that fails.
  TestSocket(int descriptor, SSL_CTX* tls);
  ~TestSocket();
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;

  bool is_open() const noexcept { return is_open_; }
  /// Appends what comes; false at the end of the stream.
  bool read_more(std::string& out);
  /// False when the other side is gone.
  bool write(std::string_view bytes);
  /// So that closing sends RST.
  void reset_on_close() noexcept;
  /// Ends blocking calls of the owner.
  void shut_down() noexcept;
  int descriptor() const noexcept { return descriptor_; }

 private:
  const int descriptor_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
  bool is_open_ = true;
};

}  // namespace toolrack::test
