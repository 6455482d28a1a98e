/// How a request's body comes in: whole behind its head, in chunks, or piece by piece to a sink.
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <utility>

#include "transports/net/connection.hpp"
#include "transports/net/connections.hpp"

namespace toolrack::net {

using base::ErrorCode;

void Connection::take_body() {
  if (is_closed_) return;
  if (request_.body_sink != nullptr) return stream_body();
  if (parser_.is_chunked()) return take_chunks();
  const auto head = parser_.head_size();
  const auto whole = head + static_cast<std::size_t>(parser_.content_length());
  if (in_.size() < whole) return want_more_body();
  request_.body = in_.view().substr(head, whole - head);
  request_size_ = whole;
  dispatch();
}

void Connection::take_chunks() {
  const auto head = parser_.head_size();
  auto* decoded = in_.data() + head;
  const auto step = chunks_.decode(decoded + chunks_.total(), in_.data() + chunks_read_, in_.size() - chunks_read_);
  chunks_read_ += step.consumed;
  switch (step.outcome) {
    case ChunkDecoder::Outcome::kNeedMore:
      // A read that is under way aims at the end of the buffer as it is; then the gap stays until the next time.
      if (!is_reading_) {
        in_.truncate(head + chunks_.total());
        chunks_read_ = in_.size();
      }
      return want_more_body();
    case ChunkDecoder::Outcome::kDone:
      request_.body = {decoded, chunks_.total()};
      request_size_ = chunks_read_;
      return dispatch();
    case ChunkDecoder::Outcome::kTooLarge:
      return refuse(base::Error(
          ErrorCode::kBodyTooLarge,
          "The chunked body has more than the " + std::to_string(body_limit_) + " bytes that are taken here."));
    case ChunkDecoder::Outcome::kBad:
      return refuse(
          base::Error(ErrorCode::kBadHttp, std::string("The chunked body is malformed: ") + chunks_.reason() + "."));
  }
}

/// Gives what has arrived to the sink. Behind the head the buffer holds only what was not given yet.
void Connection::stream_body() {
  if (is_held_) return;
  auto* const begin = in_.data() + chunks_read_;
  auto size = in_.size() - chunks_read_;
  bool is_whole = false;
  if (parser_.is_chunked()) {
    const auto step = chunks_.decode(begin, begin, size);
    chunks_read_ += step.consumed;
    size = step.produced;
    is_whole = step.outcome == ChunkDecoder::Outcome::kDone;
    if (step.outcome == ChunkDecoder::Outcome::kTooLarge)
      return refuse(base::Error(
          ErrorCode::kBodyTooLarge,
          "The chunked body has more than the " + std::to_string(body_limit_) + " bytes that are taken here."));
    if (step.outcome == ChunkDecoder::Outcome::kBad)
      return refuse(
          base::Error(ErrorCode::kBadHttp, std::string("The chunked body is malformed: ") + chunks_.reason() + "."));
  } else {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, parser_.content_length() - streamed_));
    chunks_read_ += size;
    is_whole = streamed_ + size == parser_.content_length();
  }
  streamed_ += size;
  const auto next = size == 0 ? BodySink::Next::kMore : request_.body_sink->take({begin, size});
  if (next == BodySink::Next::kStop) {
    is_refused_ = true;
    keeps_alive_ = false;
    request_size_ = chunks_read_;
    return dispatch();
  }
  if (is_whole) {
    request_size_ = chunks_read_;
    return dispatch();
  }
  // A read that is under way aims at the end of the buffer as it is; then the gap stays until the next time.
  if (!is_reading_) {
    in_.truncate(parser_.head_size());
    chunks_read_ = in_.size();
  }
  if (next != BodySink::Next::kHold) return want_more_body();
  is_held_ = true;  // The peer is not slow, we are.
  has_deadline_ = false;
  clear_deadline();
}

void Connection::resume() {
  const Scope scope(*this);
  if (is_closed_ || !std::exchange(is_held_, false)) return;
  has_input_ = true;
}

void Connection::let_go_of_sink() noexcept {
  is_held_ = false;
  if (request_.body_sink != nullptr) request_.body_sink->detach();
}

void Connection::want_more_body() {
  if (std::exchange(has_deadline_, true)) return;
  is_first_window_ = true;
  window_bytes_ = 0;
  set_deadline(all_.share.limits.body_window);
}

void Connection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  boost::system::error_code error;
  // Everything before was sent, so so few bytes fit, or nobody is there.
  const auto sent = socket_.write_some(boost::asio::const_buffer(kContinue.data(), kContinue.size()), error);
  if (error || sent < kContinue.size()) close();
}

}  // namespace toolrack::net
