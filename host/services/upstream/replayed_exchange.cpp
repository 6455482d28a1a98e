#include "services/upstream/replayed_exchange.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace toolrack::services::upstream {

namespace {

/// A sink sees pieces, as from a socket.
constexpr std::size_t kPieceBytes = 16 << 10;

http::Failure cancelled_failure() {
  return {base::Error(base::ErrorCode::kCancelled, "The request was cancelled"), http::Sent::kMaybe};
}

}  // namespace

void ReplayedExchange::start(const Request& request) {
  const auto number = recording_->begin(kHttpService, request_json(request));
  auto fail_with = [self = shared_from_this()](const base::Error& error) {
    boost::asio::post(self->loop_.context(), [self, error] {
      self->end(tl::unexpected(http::Failure{error, http::Sent::kNo}));
    });
  };
  if (!number) return fail_with(number.error());
  const auto operation = recording_->find(*number);
  auto reply = read_reply(operation.reply);
  if (!reply) return fail_with(reply.error());
  reply_ = std::move(*reply);
  waits_for_cancel_ = operation.ended == 0;
  recording_->deliver_in_turn(loop_, *number, [self = shared_from_this()] { self->deliver(); });
}

void ReplayedExchange::deliver() {
  if (is_ended_ || is_cancelled_) return;
  if (sink_ != nullptr && reply_.response) {
    auto head = *reply_.response;
    head.body.clear();
    rest_ = reply_.response->body;
    is_head_given_ = true;
    if (sink_->head(head) == http::Sink::Next::kStop) rest_ = {};
  }
  pump();
}

void ReplayedExchange::pump() {
  while (!rest_.empty() && !is_ended_ && !is_cancelled_) {
    const auto piece = rest_.substr(0, kPieceBytes);
    rest_.remove_prefix(piece.size());
    const auto next = sink_->body(piece);
    if (next == http::Sink::Next::kStop) rest_ = {};
    if (next == http::Sink::Next::kPause && !rest_.empty()) {
      is_paused_ = true;
      return;
    }
  }
  if (is_ended_ || is_cancelled_ || waits_for_cancel_) return;
  if (reply_.failure) return end(tl::unexpected(std::move(*reply_.failure)));
  if (!reply_.response) return end(tl::unexpected(cancelled_failure()));
  auto response = std::move(*reply_.response);
  if (is_head_given_) response.body.clear();
  end(std::move(response));
}

void ReplayedExchange::resume() {
  if (std::exchange(is_paused_, false)) pump();
}

void ReplayedExchange::cancel() {
  if (is_ended_ || std::exchange(is_cancelled_, true)) return;
  boost::asio::post(loop_.context(), [self = shared_from_this()] { self->end(tl::unexpected(cancelled_failure())); });
}

void ReplayedExchange::close() { end(tl::unexpected(cancelled_failure())); }

void ReplayedExchange::end(http::Outcome outcome) {
  if (std::exchange(is_ended_, true)) return;
  const auto self = shared_from_this();
  const auto done = std::move(done_);
  done(std::move(outcome));
}

}  // namespace toolrack::services::upstream
