/// One client: reads its requests, hands them to the Handler one after the other, writes the answers.
///
/// A state machine on callbacks rather than a coroutine: an exchange may be answered inside the handler, later, or
/// after the peer has left, while one read is under way that both watches for the peer leaving and takes what it sends
/// ahead.
#pragma once

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "base/ids.hpp"
#include "transports/net/chunk_decoder.hpp"
#include "transports/net/http.hpp"
#include "transports/net/read_buffer.hpp"
#include "transports/net/request_parser.hpp"
#include "transports/net/timer_wheel.hpp"

namespace toolrack::net {

class Connections;
struct Peer;

/// TCP and unix sockets alike; a concrete executor, because the type-erased one is copied several times per operation.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

/// Owned by Connections, used by its loop; destroys itself when the socket is closed, no operation is under way and no
/// handler owes an answer.
class Connection final : public Exchange, private BodySource, private TimerWheel::Entry {
 public:
  Connection(Connections& all, Socket socket, bool is_local, const Peer& peer, Handler& handler);
  ~Connection();

  void start();
  /// Answers 503 without reading.
  void start_refused();
  /// The server stops: an idle connection closes after a moment, in which it is answered once more, a busy one after
  /// its answer.
  void drain();
  /// Closes now; the handler is told.
  void cut();

  const Request& request() const noexcept override { return request_; }
  base::Loop& loop() noexcept override;
  using Exchange::begin;
  using Exchange::respond;
  void respond(int status, std::string_view content_type, ReplyBody body,
               std::span<const HeaderField> headers) override;
  void begin(int status, std::string_view content_type, std::span<const HeaderField> headers) override;
  void begin_sized(int status, std::string_view content_type, std::uint64_t length,
                   std::span<const HeaderField> headers) override;
  Written write(std::string_view bytes) override;
  void on_writable(std::function<void()> ready) override;
  void end() override;
  void on_disconnect(std::function<void()> gone) override;
  bool is_disconnected() const noexcept override { return is_gone_; }

 private:
  friend class Connections;
  enum class State : std::uint8_t {
    kHead,       ///< Waits for a request, or has a part of its head.
    kBody,       ///< Has the head and reads the body.
    kHandling,   ///< The handler has it; perhaps it streams.
    kReplying,   ///< The answer is complete but not sent.
    kLingering,  ///< The last answer is sent; what the client still sends is dropped, so that it can read that.
  };
  class Scope;

  // Input.
  void advance();
  void read();
  void on_read(const boost::system::error_code& error, std::size_t size);
  void on_input_end(bool is_orderly);
  void take_input();
  void take_head();
  void take_body();
  void take_chunks();
  void stream_body();
  void resume() override;
  void let_go_of_sink() noexcept;
  void want_more_body();
  void send_continue();
  void dispatch();
  void refuse(const base::Error& error);
  void move_views(const char* from, const char* to) noexcept;

  // Output.
  void write_reply_head(int status, std::string_view content_type, std::span<const HeaderField> headers,
                        bool has_length, std::size_t length);
  void send();
  bool send_some();
  void on_sent();
  void wait_for_room(bool is_first);
  void finish_exchange();
  void wait_for_last_request();
  std::size_t unsent() const noexcept;
  std::size_t held_by_kernel();
  void start_watching_taker();
  std::size_t taken();
  bool has_room() const noexcept;  ///< Enough to wake a writer that was refused.

  // End.
  void on_deadline(std::int64_t now_ns) override;
  void set_deadline(std::chrono::nanoseconds from_now);
  void clear_deadline();
  void tell_gone();
  void post_gone();
  void post_writable();
  std::size_t waiting_to_be_read();
  void hang_up();
  void close();
  bool is_finished() const noexcept {
    return is_closed_ && !is_reading_ && !is_waiting_ && !owes_answer_ && posted_ == 0;
  }

  Connections& all_;
  Handler& handler_;
  Connection* next_ = nullptr;  ///< In the list of `all_`.
  Connection** link_ = nullptr;

  Socket socket_;
  ReadBuffer in_;
  RequestParser parser_;
  ChunkDecoder chunks_;
  Request request_;
  base::Id own_id_;
  std::array<char, 48> peer_{};

  std::string out_;  ///< Head, small bodies, streamed bytes.
  std::size_t out_sent_ = 0;
  ReplyBody body_;  ///< A body too large to be copied behind its head.
  std::size_t body_sent_ = 0;
  std::function<void()> on_gone_;
  std::function<void()> on_writable_;

  std::size_t request_size_ = 0;  ///< Head and body on the wire, once complete.
  std::size_t body_limit_ = 0;
  std::size_t chunks_read_ = 0;   ///< Up to here the input is decoded (chunked) or given to the sink.
  std::uint64_t streamed_ = 0;    ///< Of the body, to the sink.
  std::uint64_t promised_ = 0;    ///< Of a sized stream, not written yet.
  std::size_t window_bytes_ = 0;  ///< Of the body, since the last look at its speed.
  std::size_t written_ = 0;       ///< To the kernel, since the last look at how fast the peer takes.
  std::size_t held_before_ = 0;   ///< By the kernel, at that look.
  std::size_t lingered_ = 0;
  std::uint64_t served_ = 0;

  State state_ = State::kHead;
  int depth_ = 0;             ///< Scopes on the stack.
  int posted_ = 0;            ///< Calls posted to the loop.
  bool has_input_ = false;    ///< Bytes arrived that nobody has looked at.
  bool is_reading_ = false;   ///< A read is under way.
  bool is_waiting_ = false;   ///< A wait for room to write is under way.
  bool owes_answer_ = false;  ///< The handler has not answered.
  bool is_streaming_ = false;
  bool is_held_ = false;       ///< The sink wants no more for now.
  bool is_chunking_ = false;   ///< The stream is sent in chunks.
  bool is_of_events_ = false;  ///< The stream: it is never silent for long.
  bool has_head_ = false;      ///< request_ has views into in_.
  bool has_deadline_ = false;  ///< Of the current head or body.
  bool is_first_window_ = false;
  bool keeps_alive_ = false;
  bool sends_body_ = true;
  bool is_refused_ = false;
  bool is_input_ended_ = false;  ///< The peer has closed its sending side.
  bool is_gone_ = false;         ///< ... or the connection is broken, seen from the current exchange.
  bool is_closed_ = false;
};

/// Stands in every function that the outside calls: when the outermost one is left, waiting input is served, the next
/// read begins, and a connection that is done destroys itself.
class Connection::Scope {
 public:
  explicit Scope(Connection& connection) noexcept : connection_(connection) { ++connection_.depth_; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    if (connection_.depth_ == 1) connection_.advance();
    if (--connection_.depth_ == 0 && connection_.is_finished()) delete &connection_;
  }

 private:
  Connection& connection_;
};

}  // namespace toolrack::net
