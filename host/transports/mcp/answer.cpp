#include "transports/mcp/answer.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace toolrack::mcp {
namespace {

class HttpAnswer final : public Answer {
 public:
  explicit HttpAnswer(net::Exchange& exchange) : exchange_(exchange) {}

  void message(int status, std::string json, std::span<const net::HeaderField> headers) override {
    if (!streaming_) return exchange_.respond(status, "application/json", std::move(json), headers);
    finish(exchange_, framed(std::move(json)));
  }
  void accept() override { exchange_.respond(202, "", net::ReplyBody()); }
  void event(std::string json) override {
    if (!streaming_) {
      streaming_ = true;
      exchange_.begin(200, "text/event-stream", {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
    }
    // Progress is a courtesy: what a slow reader does not take is left out.
    static_cast<void>(exchange_.write(framed(std::move(json))));
  }
  void on_disconnect(std::function<void()> gone) override { exchange_.on_disconnect(std::move(gone)); }

 private:
  static std::string framed(std::string json) {
    // A line break ends a data line; between JSON's tokens a blank means the same, and inside its strings there is
    // none.
    std::ranges::replace_if(
        json, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    std::string event;
    event.reserve(json.size() + 32);
    return event.append("event: message\ndata: ").append(json).append("\n\n");
  }
  /// Sends the last event as soon as the peer takes it, then ends. Needs the exchange only: this object may be gone by
  /// then.
  static void finish(net::Exchange& exchange, std::string event) {
    if (exchange.write(event) != net::Written::kFull) return exchange.end();
    exchange.on_writable([&exchange, event = std::move(event)]() mutable { finish(exchange, std::move(event)); });
  }

  net::Exchange& exchange_;
  bool streaming_ = false;
};

}  // namespace

std::unique_ptr<Answer> http_answer(net::Exchange& exchange) { return std::make_unique<HttpAnswer>(exchange); }

class BatchAnswer::Part final : public Answer {
 public:
  explicit Part(std::shared_ptr<BatchAnswer> batch) : batch_(std::move(batch)) {}
  void message(int, std::string json, std::span<const net::HeaderField>) override { batch_->add(std::move(json)); }
  void accept() override { batch_->add({}); }
  void event(std::string) override {}  // A batch answers with one array; progress has no place in it.
  void on_disconnect(std::function<void()>) override {}

 private:
  const std::shared_ptr<BatchAnswer> batch_;
};

std::unique_ptr<Answer> BatchAnswer::part() { return std::make_unique<Part>(shared_from_this()); }

void BatchAnswer::add(std::string json) {
  if (!json.empty()) messages_.append(messages_.empty() ? "[" : ",").append(json);
  if (--missing_ > 0) return;
  if (messages_.empty()) return whole_->accept();
  messages_ += ']';
  whole_->message(200, std::move(messages_));
}

}  // namespace toolrack::mcp
