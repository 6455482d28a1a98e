/// From bytes to the head of a Request, strictly: what two parsers could read differently is refused.
///
/// Lines are found and measured here while they arrive, so that limits hold before a head is complete; Beast then
/// splits the whole head at once; at the end stand the rules about what the fields mean together (framing, Host,
/// target).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "transports/net/http.hpp"
#include "transports/net/limits.hpp"

namespace toolrack::net {

/// One per connection, used by its loop. `reset` before each request.
class RequestParser {
 public:
  explicit RequestParser(const Limits& limits) : limits_(limits) {}

  void reset() noexcept;

  /// `bytes` is everything received of this request; it may move between calls. True when the head is complete: then
  /// `request` is filled but for body, request_id, peer and times. kBadHttp, kUriTooLong, kHeadersTooLarge and
  /// kMethodNotAllowed name what is wrong; nothing can be read from the connection after them.
  base::Result<bool> parse(std::string_view bytes, Request& request);

  /// How many bytes of the request are its head, blank line included.
  std::size_t head_size() const noexcept { return end_; }
  std::uint64_t content_length() const noexcept { return content_length_; }
  bool is_chunked() const noexcept { return is_chunked_; }
  bool has_body() const noexcept { return is_chunked_ || content_length_ > 0; }
  bool expects_continue() const noexcept { return expects_continue_; }
  bool keeps_alive() const noexcept { return keeps_alive_; }

 private:
  base::Result<bool> find_end(std::string_view bytes);
  base::Result<void> split(std::string_view head, Request& request);
  base::Result<void> check_framing(const Request& request);
  base::Result<void> check_expectation(const Request& request);

  const Limits& limits_;
  std::size_t start_ = 0;    ///< Of the request line; behind one empty line at most.
  std::size_t line_ = 0;     ///< Start of the line that is incomplete.
  std::size_t scanned_ = 0;  ///< Up to here that line holds no line feed.
  std::size_t lines_ = 0;    ///< Complete ones, the request line included.
  std::size_t end_ = 0;
  std::uint64_t content_length_ = 0;
  bool is_chunked_ = false;
  bool expects_continue_ = false;
  bool keeps_alive_ = false;
};

}  // namespace toolrack::net
