/// How much of what a client may send, and how slowly. Every phase has a limit; tests shorten the times.
#pragma once

#include <chrono>
#include <cstddef>

namespace toolrack::net {

struct Limits {
  std::size_t request_line_bytes = 8 << 10;   ///< Beyond: 414.
  std::size_t header_bytes = 16 << 10;        ///< Request line and all fields; beyond: 431.
  std::size_t header_fields = 100;            ///< Beyond: 431.
  std::size_t body_bytes = 4 << 20;           ///< Unless Handler::body_limit says otherwise; beyond: 413.
  std::size_t stream_buffer_bytes = 1 << 20;  ///< Unsent bytes of a stream; beyond, its writer has to wait.
  std::size_t connections = 20'000;           ///< Of the whole server; beyond: 503 and close.

  std::chrono::milliseconds header_deadline{10'000};  ///< From the first byte of a request to its last header: 408.
  std::chrono::milliseconds idle{75'000};             ///< Between requests; also before the first one.
  std::chrono::milliseconds body_window{5'000};       ///< The first is free; each later one must bring its share: 408.
  std::size_t body_bytes_per_second = 1 << 10;        ///< The share, in both directions.
  std::chrono::milliseconds write_stall{30'000};  ///< In each the peer must take its share of what waits, else: closed.
  std::chrono::milliseconds silence{15'000};      ///< An event stream on which nothing was said for so long: a comment.
  std::chrono::milliseconds linger{2'000};        ///< What a refused client still sends is read and dropped this long.
  std::chrono::seconds lost_peer{60};   ///< TCP; a peer that has not even acknowledged anything so long is gone.
  std::chrono::milliseconds tick{250};  ///< How exactly these times are kept.
};

}  // namespace toolrack::net
