#include "transports/rest/streamed_call.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "call/content.hpp"
#include "call/reply.hpp"
#include "transports/net/event_stream.hpp"

namespace toolrack::rest {
namespace {

namespace json = base::json;

/// More often than this progress is not told.
constexpr std::int64_t kProgressIntervalNs = 50'000'000;

/// Owns itself until the call is done.
class StreamedCall final : public call::CallSink, public std::enable_shared_from_this<StreamedCall> {
 public:
  StreamedCall(call::CallPath& calls, net::Exchange& exchange, AnswerWhole answer_whole,
               std::shared_ptr<ServerSpan> span, const base::Clock& progress_clock)
      : calls_(calls),
        exchange_(exchange),
        loop_(exchange.loop()),
        answer_whole_(std::move(answer_whole)),
        span_(std::move(span)),
        progress_clock_(progress_clock) {}

  void start(const call::CallRequest& request) {
    self_ = shared_from_this();
    const auto alive = self_;
    const auto ticket = calls_.start(loop_, request, *this);
    if (ticket == 0) return;
    ticket_ = ticket;
    open();
    exchange_.on_disconnect([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->calls_.cancel(self->loop_, self->ticket_);
    });
    if (is_too_slow_) calls_.cancel(loop_, ticket_);
  }

  void done(call::CallOutcome& outcome) noexcept override {
    const auto alive = std::exchange(self_, nullptr);
    if (is_too_slow_)
      outcome.result.error = base::Error(base::ErrorCode::kCancelled,
                                         "the stream was read so slowly that what waits for its reader is too much");
    if (!stream_ && (!outcome.ok() || outcome.suspended != nullptr))
      return answer_whole_(exchange_, outcome, span_.get());
    if (span_ != nullptr) {
      span_->note(outcome);
      span_->end(200);
    }
    open();
    json::Buffer buffer;
    json::Writer writer(buffer);
    call::write_reply(writer, outcome);
    stream_->finish(outcome.suspended != nullptr ? "input_required"
                    : outcome.ok()               ? "result"
                                                 : "error",
                    json::view(buffer));
  }

  void progress(double done, double total, std::string_view note) noexcept override {
    // JSON has no infinity, and a skill may divide by nothing.
    if (!std::isfinite(done) || !std::isfinite(total)) return;
    const auto now = progress_clock_.monotonic_ns();
    const bool is_last = total > 0 && done >= total;
    if (!is_last && last_progress_ns_ != 0 && now - last_progress_ns_ < kProgressIntervalNs) return;
    last_progress_ns_ = now;
    auto text = fmt::format(R"({{"progress":{})", done);
    if (total > 0) text += fmt::format(R"(,"total":{})", total);
    if (!note.empty()) text += fmt::format(R"(,"message":{})", json::quote(note));
    open();
    // A courtesy: what a slow reader does not take is left out.
    static_cast<void>(stream_->send("progress", text + "}"));
  }

  bool partial(registry::Part part) noexcept override {
    if (is_too_slow_) return false;
    json::Buffer buffer;
    json::Writer writer(buffer);
    call::write_content(writer, part);
    open();
    if (stream_->send("partial", json::view(buffer)) != net::Written::kFull) return true;
    // A part that is left out would be missed, so the stream ends here.
    is_too_slow_ = true;
    if (ticket_ != 0) calls_.cancel(loop_, ticket_);
    return false;
  }

 private:
  void open() {
    if (!stream_) stream_.emplace(exchange_);
  }

  call::CallPath& calls_;
  net::Exchange& exchange_;
  base::Loop& loop_;
  const AnswerWhole answer_whole_;
  const std::shared_ptr<ServerSpan> span_;  ///< Null: nothing is recorded.
  const base::Clock& progress_clock_;
  std::optional<net::EventStream> stream_;
  std::shared_ptr<StreamedCall> self_;  ///< Null once the call is done.
  std::uint64_t ticket_ = 0;
  std::int64_t last_progress_ns_ = 0;
  bool is_too_slow_ = false;
};

}  // namespace

void start_streamed_call(call::CallPath& calls, net::Exchange& exchange, call::CallRequest request,
                         AnswerWhole answer_whole, std::shared_ptr<ServerSpan> span,
                         const base::Clock& progress_clock) {
  request.wants_progress = request.wants_partials = true;
  std::make_shared<StreamedCall>(calls, exchange, std::move(answer_whole), std::move(span), progress_clock)
      ->start(request);
}

}  // namespace toolrack::rest
