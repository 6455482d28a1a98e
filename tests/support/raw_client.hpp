/// A client that sends exactly the bytes it is given, and reads replies the way RFC 9112 says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "transports/net/unique_fd.hpp"

namespace toolrack::net {

struct RawReply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;                            ///< Without the chunked coding.
};

/// Blocking; every wait ends after kPatience. Used by one thread.
class RawClient {
 public:
  static RawClient tcp(std::uint16_t port, int receive_buffer = 0);
  static RawClient local(const std::string& path);

  bool is_connected() const noexcept { return static_cast<bool>(fd_); }
  /// False when the peer is gone.
  bool send(std::string_view bytes);
  /// As much as the peer takes now; how many bytes that was.
  std::size_t send_some(std::string_view bytes);
  /// Waits until the peer's system has everything that was sent over TCP, whether its program has read it or not.
  [[nodiscard]] bool wait_until_delivered();
  /// The next reply, or nothing when the connection ends first. `is_head`: no body follows. Interim (1xx) replies are
  /// returned as they come.
  std::optional<RawReply> read_reply(bool is_head = false);
  /// At least one more byte of what is there and `most` at most; false at the end of the stream (or after kPatience).
  bool read_more(std::string& out, std::size_t most = 16 << 10);
  /// Everything up to the end of the stream; nothing when that does not come.
  std::optional<std::string> read_to_end();
  /// Does the stream end without another byte?
  bool is_closed_by_peer();
  void shut_down_sending();
  void close() { fd_ = UniqueFd(); }
  /// Closing sends a reset.
  void reset();

 private:
  explicit RawClient(UniqueFd fd) : fd_(std::move(fd)) {}
  std::optional<std::string> read_line();
  std::optional<std::string> read_exactly(std::size_t size);
  UniqueFd fd_;
  std::string received_;
  bool timed_out_ = false;
};

}  // namespace toolrack::net
