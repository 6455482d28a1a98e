/// What HTTP looks like to the transports: a Request comes in, its Exchange takes the answer.
///
/// REST, MCP, the metrics listener and the owner socket are Handlers; a Server (server.hpp) calls them. Everything here
/// happens on the loop of the connection: `handle` is called there, and the Exchange may be used there only. Work done
/// elsewhere posts its result to `Exchange::loop()`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "transports/net/headers.hpp"
#include "transports/net/reply_body.hpp"

namespace toolrack::base {
class Loop;
}

namespace toolrack::net {

/// TRACE and CONNECT never reach a handler (405).
enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

/// Where a body that is not gathered comes from. Used on the connection's loop.
class BodySource {
 public:
  virtual base::Loop& loop() noexcept = 0;
  /// After BodySink::Next::kHold: the body goes on, perhaps before this has returned.
  virtual void resume() = 0;

 protected:
  ~BodySource() = default;
};

/// Takes a body piece by piece, for requests whose body is too large to be held. Called on the connection's loop.
class BodySink {
 public:
  enum class Next : std::uint8_t {
    kMore,
    kHold,  ///< No more until the source is resumed; the peer has to wait.
    kStop,  ///< No more at all: the request is handed to the handler as it is, and the connection ends with the answer.
  };
  virtual ~BodySink() = default;
  /// The bytes go when it has returned.
  virtual Next take(std::string_view bytes) = 0;
  /// The source must not be used again: the request goes to the handler now, or the peer has gone.
  virtual void detach() noexcept = 0;
};

/// The content type of server-sent events.
inline constexpr std::string_view kEventStreamType = "text/event-stream";

/// A whole request. Its views point into the connection's buffer and hold until the response was sent.
struct Request {
  Method method = Method::kOther;
  std::string_view method_text;
  std::string_view target;  ///< As it came: "/v1/tools?x=1", "http://host/path", "*".
  std::string_view path;    ///< Of the target, still percent-encoded; begins with '/', or is "*" (OPTIONS only).
  std::string_view query;   ///< Behind the '?', still encoded; empty when there is none.
  std::string_view host;    ///< The authority it was sent to, with its port; empty is possible in HTTP/1.0 only.
  int version = 11;         ///< 10 or 11.
  Headers headers;
  std::string_view body;                ///< Whole, unchunked; empty when a sink has taken it.
  std::string_view request_id;          ///< The client's X-Request-Id when it was fit, else one made here (ULID).
  std::string_view peer;                ///< "127.0.0.1", "::1"; "unix" on a local socket.
  std::uint16_t peer_port = 0;          ///< 0 on a local socket.
  bool is_local_socket = false;         ///< Came over the owner's unix socket, which only the owner can open.
  std::int64_t received_ns = 0;         ///< Clock::monotonic_ns when the request was complete.
  std::shared_ptr<BodySink> body_sink;  ///< What Handler::stream_body gave, or null.
};

/// What happened to bytes given to Exchange::write.
enum class Written : std::uint8_t {
  kTaken,
  kFull,    ///< Not taken: too much is unsent. Wait with `on_writable`, then write them again.
  kClosed,  ///< Not taken: the peer is gone. Call `end`.
};

/// The answering side of one request. Valid until it was answered: each request gets exactly one `respond`, or one
/// `begin` and later `end`, whether or not the peer is still there; a peer that left is answered into the void.
///
/// The answer may be given inside `Handler::handle` (the fast path) or later on the same loop. After `respond` or `end`
/// the Exchange and the Request must not be touched again: the connection may already serve the next request.
class Exchange {
 public:
  virtual const Request& request() const noexcept = 0;
  virtual base::Loop& loop() noexcept = 0;

  /// The whole reply: head and body leave in one write. `content_type` may be empty when there is no body. For HEAD the
  /// body is measured, not sent. Content-Length, Connection, Date, X-Request-Id and nosniff are added here; a header
  /// value with a control character is left out, so that nothing can inject one.
  virtual void respond(int status, std::string_view content_type, ReplyBody body,
                       std::span<const HeaderField> headers) = 0;
  void respond(int status, std::string_view content_type, ReplyBody body,
               std::initializer_list<HeaderField> headers = {}) {
    respond(status, content_type, std::move(body), std::span<const HeaderField>(headers.begin(), headers.size()));
  }

  /// Begins a reply of unknown length: the head is sent now. Whenever nothing was written to one of kEventStreamType
  /// for Limits::silence, a comment is, so that nobody on the way takes it for dead; so `write` gets whole events
  /// there.
  virtual void begin(int status, std::string_view content_type, std::span<const HeaderField> headers) = 0;
  void begin(int status, std::string_view content_type, std::initializer_list<HeaderField> headers = {}) {
    begin(status, content_type, std::span<const HeaderField>(headers.begin(), headers.size()));
  }
  /// Begins a reply of `length` bytes, to be written like those of a stream. With fewer, `end` cuts the peer off, so
  /// that it does not take a part for the whole.
  virtual void begin_sized(int status, std::string_view content_type, std::uint64_t length,
                           std::span<const HeaderField> headers) = 0;
  /// Sends `bytes` after what was written before, copying what the peer does not take at once. One piece is taken or
  /// refused whole; it is taken whenever nothing is unsent. A peer that takes nothing for Limits::write_stall is cut
  /// off.
  [[nodiscard]] virtual Written write(std::string_view bytes) = 0;
  /// Once, when a refused write may be tried again, or the peer is gone (then `write` says kClosed).
  virtual void on_writable(std::function<void()> ready) = 0;
  virtual void end() = 0;

  /// `gone` is called at most once, on the loop and never from inside this function, when the peer closes or is cut off
  /// before the answer is complete. A peer that only closed its sending side counts as gone but still gets the answer.
  virtual void on_disconnect(std::function<void()> gone) = 0;
  virtual bool is_disconnected() const noexcept = 0;

 protected:
  ~Exchange() = default;
};

/// Serves requests; owned by the app, outlives the Server. Called on every loop at the same time.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(const Request& request, Exchange& exchange) = 0;

  /// Asked with the head of a request that has a body, before that is read: how long may it be? An Error is answered at
  /// once, and the body is not read. Raising the limit for a few routes belongs here.
  virtual base::Result<std::size_t> body_limit(const Request& head, std::size_t default_limit) {
    static_cast<void>(head);
    return default_limit;
  }

  /// Asked after `body_limit`: who takes the body? Null: it is gathered. An Error is answered at once. The source may
  /// be used until the sink is detached.
  virtual base::Result<std::shared_ptr<BodySink>> stream_body(const Request& head, BodySource& source) {
    static_cast<void>(head);
    static_cast<void>(source);
    return nullptr;
  }
};

}  // namespace toolrack::net
