/// The reading half of Connection: from bytes to a dispatched request, and every way a connection ends. How a body
/// comes in stands in connection_body.cpp.
#include "transports/net/connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "transports/net/characters.hpp"
#include "transports/net/connections.hpp"
#include "transports/net/error_body.hpp"

namespace toolrack::net {
namespace {

using base::ErrorCode;

/// While a handler works, at least so much of what the client sends ahead is taken; without room to read, its leaving
/// would go unseen.
constexpr std::size_t kWatchRoom = 256;
/// Of what a refused client still sends. It has to be more than the system's buffers hold (36 MiB with Linux's
/// defaults), or a client that sends fast is reset and never reads why.
constexpr std::size_t kMaxLingered = 64 << 20;
/// Room is memory that has not been touched: reading all of it at once would take twice what a chunked body needs.
constexpr std::size_t kMaxRead = 64 << 10;
/// Room to read into when a sink takes the body: it is small for as long as the body is.
constexpr std::size_t kStreamRoom = 32 << 10;
constexpr std::string_view kAllow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

bool is_fit_request_id(std::string_view id) {
  return id.size() >= 8 && id.size() <= 64 &&
         std::ranges::all_of(id, [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

/// How much of a body must move in a window.
std::size_t share_of(const Limits& limits, std::chrono::milliseconds window) {
  return limits.body_bytes_per_second * static_cast<std::size_t>(window.count()) / 1000;
}

void move_view(std::string_view& view, const char* from, std::size_t size, const char* to) noexcept {
  // Some views point elsewhere: an added "/", an id made here.
  if (std::less_equal<>()(from, view.data()) && std::less<>()(view.data(), from + size))
    view = {to + (view.data() - from), view.size()};
}

}  // namespace

Connection::Connection(Connections& all, Socket socket, bool is_local, const Peer& peer, Handler& handler)
    : all_(all), handler_(handler), socket_(std::move(socket)), parser_(all.share.limits) {
  const auto size = std::min(peer.address.size(), peer_.size());
  peer.address.copy(peer_.data(), size);
  request_.peer = {peer_.data(), size};
  request_.peer_port = peer.port;
  request_.is_local_socket = is_local;
}

Connection::~Connection() {
  if (!is_closed_) {
    all_.share.open.fetch_sub(1, std::memory_order_relaxed);
    all_.share.metrics.connections().add(-1);
  }
  all_.unlink(*this);
}

base::Loop& Connection::loop() noexcept { return all_.loop; }

void Connection::start() {
  const Scope scope(*this);
  // Who connects and says nothing gets no more time than who says a part.
  set_deadline(all_.share.limits.header_deadline);
  has_deadline_ = true;
}

void Connection::start_refused() {
  const Scope scope(*this);
  refuse(base::Error(ErrorCode::kUnavailable, "The gateway has as many connections as it allows.",
                     "Try again in a moment, and close connections that are not used.")
             .with_retry_after(std::chrono::seconds(1)));
}

void Connection::advance() {
  while (has_input_ && !is_closed_ && (state_ == State::kHead || state_ == State::kBody)) {
    has_input_ = false;
    take_input();
  }
  if (!is_closed_ && !is_reading_) read();
}

void Connection::read() {
  const bool is_between = state_ == State::kHead || state_ == State::kBody;
  if (is_held_) return;
  if (is_input_ended_) {
    if (is_between) close();
    return;
  }
  if (state_ == State::kReplying) return;
  if (is_between) {
    const auto* before = in_.data();
    const std::size_t whole = state_ == State::kBody && !parser_.is_chunked()
                                  ? parser_.head_size() + static_cast<std::size_t>(parser_.content_length())
                                  : 0;
    if (state_ == State::kBody && request_.body_sink != nullptr)
      in_.make_room(kStreamRoom);
    else
      in_.make_room(1, whole == 0 ? 0 : whole + kWatchRoom);
    if (in_.data() != before) move_views(before, in_.data());
  } else if (state_ == State::kLingering) {
    in_.make_room(1);
  } else if (in_.room() == 0) {
    return;  // What the handler sees must not move; there is room again after its answer.
  }
  is_reading_ = true;
  socket_.async_read_some(boost::asio::buffer(in_.room_begin(), std::min(in_.room(), kMaxRead)),
                          [this](const boost::system::error_code& error, std::size_t size) { on_read(error, size); });
}

void Connection::on_read(const boost::system::error_code& error, std::size_t size) {
  const Scope scope(*this);
  is_reading_ = false;
  if (is_closed_) return;
  if (error) return on_input_end(error == boost::asio::error::eof);
  in_.commit(size);
  switch (state_) {
    case State::kHead:
    case State::kBody:
      window_bytes_ += size;
      has_input_ = true;
      return;
    case State::kHandling:
    case State::kReplying:
      return;
    case State::kLingering:
      in_.consume(in_.size());
      lingered_ += size;
      if (lingered_ > kMaxLingered) close();
      return;
  }
}

void Connection::on_input_end(bool is_orderly) {
  is_input_ended_ = true;
  if (!is_orderly || (state_ != State::kHandling && state_ != State::kReplying)) return close();
  // Perhaps it only closed its sending side: told as gone, answered all the same.
  tell_gone();
}

void Connection::take_input() {
  if (state_ == State::kHead) take_head();
  if (state_ == State::kBody) take_body();
}

void Connection::take_head() {
  if (in_.empty()) return;
  const auto is_complete = parser_.parse(in_.view(), request_);
  if (!is_complete) return refuse(is_complete.error());
  if (!*is_complete) {
    if (!std::exchange(has_deadline_, true)) set_deadline(all_.share.limits.header_deadline);
    return;
  }
  has_head_ = true;
  has_deadline_ = false;
  keeps_alive_ = parser_.keeps_alive();
  request_.body = {};
  const auto given = request_.headers.get(HeaderName::kXRequestId);
  if (is_fit_request_id(given)) {
    request_.request_id = given;
  } else {
    own_id_ = base::Id::make();
    request_.request_id = own_id_.view();
  }
  request_size_ = parser_.head_size();
  if (!parser_.has_body()) return dispatch();

  const auto limit = handler_.body_limit(request_, all_.share.limits.body_bytes);
  if (!limit) return refuse(limit.error());
  if (request_.headers.has(HeaderName::kContentEncoding)) {
    const auto coding = request_.headers.get(HeaderName::kContentEncoding);
    // A few bytes can stand for gigabytes, and no client needs that here.
    if (!equal_ignoring_case(coding, "identity") || request_.headers.is_repeated(HeaderName::kContentEncoding))
      return refuse(base::Error(
          ErrorCode::kUnsupportedMediaType,
          "The body's Content-Encoding is \"" + std::string(coding) + "\"; bodies are not decompressed here.",
          "Send the body as it is, without Content-Encoding."));
  }
  body_limit_ = *limit;
  if (parser_.content_length() > body_limit_)
    return refuse(base::Error(ErrorCode::kBodyTooLarge, "The body has " + std::to_string(parser_.content_length()) +
                                                            " bytes; at most " + std::to_string(body_limit_) +
                                                            " are taken here."));
  chunks_ = ChunkDecoder(body_limit_);
  chunks_read_ = request_size_;
  streamed_ = 0;
  auto sink = handler_.stream_body(request_, *this);
  if (!sink) return refuse(sink.error());
  request_.body_sink = *std::move(sink);
  state_ = State::kBody;
  if (parser_.expects_continue() && in_.size() == request_size_) send_continue();
}

void Connection::dispatch() {
  if (!is_reading_ && in_.room() < kWatchRoom) {
    const auto* before = in_.data();
    in_.make_room(kWatchRoom, in_.size() + kWatchRoom);
    move_views(before, in_.data());
  }
  clear_deadline();
  has_deadline_ = false;
  let_go_of_sink();
  state_ = State::kHandling;
  owes_answer_ = true;
  is_streaming_ = false;
  is_gone_ = is_input_ended_;
  request_.received_ns = all_.share.clock.monotonic_ns();
  if (request_.path == "*")
    Exchange::respond(204, {}, {}, {{"Allow", kAllow}});
  else
    handler_.handle(request_, *this);
}

void Connection::refuse(const base::Error& error) {
  all_.share.metrics.count_refusal(error.code());
  let_go_of_sink();
  is_refused_ = true;
  keeps_alive_ = false;
  if (!has_head_) {
    own_id_ = base::Id::make();
    request_.request_id = own_id_.view();
    request_.method = Method::kOther;
    request_.version = 11;
  }
  const RetryAfter retry_after(error);
  std::array<HeaderField, 3> fields;
  std::size_t count = 0;
  if (!retry_after.seconds().empty()) fields[count++] = {"Retry-After", retry_after.seconds()};
  if (error.code() == ErrorCode::kMethodNotAllowed) fields[count++] = {"Allow", kAllow};
  if (error.code() == ErrorCode::kUnsupportedMediaType) fields[count++] = {"Accept-Encoding", "identity"};
  const auto body = error_body(error, request_.request_id);
  write_reply_head(base::info(error.code()).http_status, "application/json", std::span(fields).first(count), true,
                   body.size());
  if (sends_body_) out_ += body;
  state_ = State::kReplying;
  send();
}

void Connection::move_views(const char* from, const char* to) noexcept {
  if (!has_head_ || from == to) return;
  const auto size = in_.size();
  for (auto* view : {&request_.method_text, &request_.target, &request_.path, &request_.query, &request_.host,
                     &request_.request_id, &request_.body})
    move_view(*view, from, size, to);
  request_.headers.rebase(from, to);
}

void Connection::on_disconnect(std::function<void()> gone) {
  on_gone_ = std::move(gone);
  if (is_gone_) post_gone();
}

void Connection::tell_gone() {
  if (std::exchange(is_gone_, true)) return;
  if (owes_answer_ && on_gone_) post_gone();
}

/// Posted, so that a handler is never called from inside one of its own calls.
void Connection::post_gone() {
  ++posted_;
  boost::asio::post(socket_.get_executor(), [this, served = served_] {
    const Scope scope(*this);
    --posted_;
    if (served != served_ || !owes_answer_) return;
    if (const auto gone = std::exchange(on_gone_, nullptr)) gone();
  });
}

void Connection::set_deadline(std::chrono::nanoseconds from_now) {
  all_.wheel.set(*this, all_.share.clock.monotonic_ns() + from_now.count());
}

void Connection::clear_deadline() { all_.wheel.set(*this, TimerWheel::kNever); }

/// What the peer has sent and a busy loop has not come to yet.
std::size_t Connection::waiting_to_be_read() {
  boost::system::error_code error;
  return socket_.available(error);
}

void Connection::on_deadline(std::int64_t) {
  const Scope scope(*this);
  const auto& limits = all_.share.limits;
  switch (state_) {
    case State::kHead:
      if (in_.empty()) {
        if (waiting_to_be_read() == 0) return close();
        // It has come at the last moment, and the read that is under way is about to tell.
        return set_deadline(limits.header_deadline);
      }
      return refuse(base::Error(
          ErrorCode::kRequestTimeout,
          "The request's header was not complete after " + std::to_string(limits.header_deadline.count()) + " ms."));
    case State::kBody:
      if (!std::exchange(is_first_window_, false) &&
          window_bytes_ + waiting_to_be_read() < share_of(limits, limits.body_window))
        return refuse(base::Error(
            ErrorCode::kRequestTimeout,
            "The body came slower than " + std::to_string(limits.body_bytes_per_second) + " bytes a second."));
      window_bytes_ = 0;
      return set_deadline(limits.body_window);
    case State::kHandling:  // A stream that is silent. Or, as for an answer, the peer takes next to nothing.
      if (is_of_events_ && unsent() == 0) return static_cast<void>(write(":\n\n"));
      [[fallthrough]];
    case State::kReplying:
      if (taken() < share_of(limits, limits.write_stall)) return close();
      return start_watching_taker();
    case State::kLingering:
      return close();
  }
}

void Connection::drain() {
  const Scope scope(*this);
  if (is_closed_ || state_ != State::kHead || !in_.empty()) return;
  if (waiting_to_be_read() > 0) return;  // A request is there and will be answered.
  wait_for_last_request();
}

/// A client may have sent one before it can know: over a connection that has just been accepted, and over one that an
/// answer has said to keep. To close at once would reset that request. Its answer says that the connection closes.
void Connection::wait_for_last_request() {
  constexpr std::chrono::milliseconds kMoment{250};
  has_deadline_ = false;  // A head that begins has the time of every head.
  set_deadline(kMoment);
}

void Connection::cut() {
  const Scope scope(*this);
  close();
}

void Connection::hang_up() {
  const bool has_unread = is_refused_ || !in_.empty() || waiting_to_be_read() > 0;
  if (!has_unread || is_input_ended_) return close();
  // Closing now would reset the connection, and the client might lose the answer with it.
  state_ = State::kLingering;
  in_.consume(in_.size());
  boost::system::error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  set_deadline(all_.share.limits.linger);
}

void Connection::close() {
  if (std::exchange(is_closed_, true)) return;
  if (state_ == State::kBody) let_go_of_sink();
  clear_deadline();
  boost::system::error_code ignored;
  socket_.close(ignored);
  all_.share.open.fetch_sub(1, std::memory_order_relaxed);
  all_.share.metrics.connections().add(-1);
  if (!owes_answer_) return;
  tell_gone();
  if (on_writable_) post_writable();
}

}  // namespace toolrack::net
