/// The answering half of Connection: replies, streams, and what happens when the peer takes them slowly.
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <charconv>
#include <utility>

#include "transports/net/connection.hpp"
#include "transports/net/connections.hpp"

namespace toolrack::net {
namespace {

/// Up to here copying a body behind its head is cheaper than sending it from where it is.
constexpr std::size_t kCopiedBody = 4 << 10;
/// An output buffer above this is given back after the exchange.
constexpr std::size_t kKeptOutput = 16 << 10;

}  // namespace

std::size_t Connection::unsent() const noexcept { return out_.size() - out_sent_ + body_.view().size() - body_sent_; }

bool Connection::has_room() const noexcept { return unsent() <= all_.share.limits.stream_buffer_bytes / 2; }

void Connection::write_reply_head(int status, std::string_view content_type, std::span<const HeaderField> headers,
                                  bool has_length, std::size_t length) {
  sends_body_ = may_have_body(status) && request_.method != Method::kHead;
  keeps_alive_ = keeps_alive_ && !all_.is_draining;
  is_chunking_ = !has_length && request_.version >= 11;
  auto framing = ReplyHead::Framing::kLength;
  if (!may_have_body(status)) {
    framing = ReplyHead::Framing::kNone;
  } else if (is_chunking_) {
    framing = ReplyHead::Framing::kChunked;
  } else if (!has_length) {
    framing = ReplyHead::Framing::kUntilClose;
    keeps_alive_ = false;
  }
  assert(unsent() == 0);
  out_.clear();
  out_sent_ = 0;
  write_head(out_, {.status = status,
                    .content_type = content_type,
                    .headers = headers,
                    .request_id = request_.request_id,
                    .date = all_.date.at(all_.share.clock.monotonic_ns()),
                    .framing = framing,
                    .length = length,
                    .version = request_.version,
                    .keeps_alive = keeps_alive_});
  all_.share.metrics.count_reply(status);
}

void Connection::respond(int status, std::string_view content_type, ReplyBody body,
                         std::span<const HeaderField> headers) {
  assert(owes_answer_ && !is_streaming_ && "one answer per request");
  // Dropped at the end of this function: it may own the caller.
  const auto on_gone = std::exchange(on_gone_, nullptr);
  const Scope scope(*this);
  owes_answer_ = false;
  if (is_closed_) return;
  const auto bytes = body.view();
  write_reply_head(status, content_type, headers, true, bytes.size());
  if (sends_body_ && bytes.size() <= kCopiedBody)
    out_ += bytes;
  else if (sends_body_)
    body_ = std::move(body);
  state_ = State::kReplying;
  send();
}

void Connection::begin(int status, std::string_view content_type, std::span<const HeaderField> headers) {
  assert(owes_answer_ && !is_streaming_ && "one answer per request");
  const Scope scope(*this);
  is_streaming_ = true;
  is_of_events_ = content_type == kEventStreamType;
  if (is_closed_) return;
  write_reply_head(status, content_type, headers, false, 0);
  send();
}

void Connection::begin_sized(int status, std::string_view content_type, std::uint64_t length,
                             std::span<const HeaderField> headers) {
  assert(owes_answer_ && !is_streaming_ && "one answer per request");
  const Scope scope(*this);
  is_streaming_ = true;
  promised_ = length;
  if (is_closed_) return;
  write_reply_head(status, content_type, headers, true, static_cast<std::size_t>(length));
  send();
}

Written Connection::write(std::string_view bytes) {
  assert(owes_answer_ && is_streaming_ && "begin comes first");
  const Scope scope(*this);
  if (is_closed_) return Written::kClosed;
  if (bytes.empty() || !sends_body_) return Written::kTaken;
  if (const auto waiting = unsent(); waiting > 0) {
    if (waiting + bytes.size() > all_.share.limits.stream_buffer_bytes) return Written::kFull;
    // What was sent is dropped when it outweighs what was not, so that the copies stay few.
    if (out_sent_ > waiting) {
      out_.erase(0, out_sent_);
      out_sent_ = 0;
    }
  } else {
    out_.clear();
    out_sent_ = 0;
  }
  if (is_chunking_) {
    char digits[16];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, bytes.size(), 16).ptr).append("\r\n");
    out_.append(bytes).append("\r\n");
  } else {
    out_ += bytes;
    promised_ -= std::min<std::uint64_t>(promised_, bytes.size());
  }
  if (!is_waiting_) send();
  return is_closed_ ? Written::kClosed : Written::kTaken;
}

void Connection::on_writable(std::function<void()> ready) {
  on_writable_ = std::move(ready);
  if (is_closed_ || has_room()) post_writable();
}

void Connection::post_writable() {
  ++posted_;
  boost::asio::post(socket_.get_executor(), [this, served = served_] {
    const Scope scope(*this);
    --posted_;
    if (served != served_ || !owes_answer_) return;
    if (const auto ready = std::exchange(on_writable_, nullptr)) ready();
  });
}

void Connection::end() {
  assert(owes_answer_ && is_streaming_ && "begin comes first");
  const auto on_gone = std::exchange(on_gone_, nullptr);
  const auto on_writable = std::exchange(on_writable_, nullptr);
  const Scope scope(*this);
  owes_answer_ = false;
  is_streaming_ = false;
  is_of_events_ = false;
  const bool is_short = std::exchange(promised_, 0) > 0 && sends_body_;
  if (is_closed_) return;
  if (is_short) return close();
  if (is_chunking_ && sends_body_) out_ += "0\r\n\r\n";
  state_ = State::kReplying;
  if (!is_waiting_) send();
}

void Connection::send() {
  if (send_some())
    on_sent();
  else if (!is_closed_)
    wait_for_room(true);
}

/// What the kernel still holds for the peer. Its buffer may be megabytes, and it says that there is room again only
/// when a good part of it is empty, so what the peer takes cannot be seen by what we may write.
std::size_t Connection::held_by_kernel() {
  int bytes = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

void Connection::start_watching_taker() {
  written_ = 0;
  held_before_ = held_by_kernel();
  set_deadline(all_.share.limits.write_stall);
}

/// By the peer, since `start_watching_taker`.
std::size_t Connection::taken() {
  const auto held = held_by_kernel();
  const auto given = held_before_ + written_;
  return given > held ? given - held : 0;
}

/// True when everything is sent; false when the peer takes no more for now, or the connection is closed.
bool Connection::send_some() {
  while (true) {
    const auto head = std::string_view(out_).substr(out_sent_);
    const auto body = body_.view().substr(body_sent_);
    boost::system::error_code error;
    std::size_t sent = 0;
    if (body.empty()) {
      if (head.empty()) return true;
      sent = socket_.write_some(boost::asio::const_buffer(head.data(), head.size()), error);
    } else {
      const std::array<boost::asio::const_buffer, 2> both{boost::asio::const_buffer(head.data(), head.size()),
                                                          boost::asio::const_buffer(body.data(), body.size())};
      sent = socket_.write_some(both, error);
    }
    if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) return false;
    if (error) {
      close();
      return false;
    }
    written_ += sent;
    const auto of_head = std::min(sent, head.size());
    out_sent_ += of_head;
    body_sent_ += sent - of_head;
  }
}

void Connection::on_sent() {
  if (state_ == State::kReplying) return finish_exchange();
  if (is_of_events_) return set_deadline(all_.share.limits.silence);
  clear_deadline();
}

void Connection::wait_for_room(bool is_first) {
  body_sent_ -= body_.keep(body_sent_);
  if (is_first) start_watching_taker();
  is_waiting_ = true;
  socket_.async_wait(Socket::wait_write, [this](const boost::system::error_code&) {
    const Scope scope(*this);
    is_waiting_ = false;
    if (is_closed_) return;
    if (send_some())
      on_sent();
    else if (!is_closed_)
      wait_for_room(false);
    if (on_writable_ && !is_closed_ && has_room()) post_writable();
  });
}

void Connection::finish_exchange() {
  body_ = {};
  body_sent_ = 0;
  out_.clear();
  out_sent_ = 0;
  if (out_.capacity() > kKeptOutput) out_ = {};
  in_.consume(request_size_);
  request_size_ = 0;
  has_head_ = false;
  has_deadline_ = false;
  request_.body_sink.reset();
  parser_.reset();
  ++served_;
  if (!keeps_alive_ || is_refused_) return hang_up();
  state_ = State::kHead;
  has_input_ = !in_.empty();
  if (!has_input_ && is_input_ended_) return close();
  // Its answer had said that the connection is kept when the server was told to stop.
  if (all_.is_draining) return wait_for_last_request();
  set_deadline(all_.share.limits.idle);
}

}  // namespace toolrack::net
