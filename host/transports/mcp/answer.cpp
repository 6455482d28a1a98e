#include "transports/mcp/answer.hpp"

#include <algorithm>

namespace toolrack::mcp {
namespace {

std::string framed(std::string json) {
  // A line break ends a data line; between JSON's tokens a blank means the same, and inside its strings there is none.
  std::ranges::replace_if(
      json, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  std::string event;
  event.reserve(json.size() + 32);
  return event.append("event: message\ndata: ").append(json).append("\n\n");
}

/// Sends the last event as soon as the peer takes it, then ends. Needs the exchange only: the Answer may be gone by
/// then.
void finish(net::Exchange& exchange, std::string event) {
  if (exchange.write(event) != net::Written::kFull) return exchange.end();
  exchange.on_writable([&exchange, event = std::move(event)]() mutable { finish(exchange, std::move(event)); });
}

}  // namespace

void Answer::message(int status, std::string_view json, std::span<const net::HeaderField> headers) {
  if (batch_) return batch_->add(json);
  if (is_streaming_) return finish(*exchange_, framed(std::string(json)));
  exchange_->respond(status, "application/json", net::ReplyBody::borrowed(json), headers);
}

void Answer::accept() {
  if (batch_) return batch_->add({});
  exchange_->respond(202, "", net::ReplyBody());
}

void Answer::event(std::string json) {
  if (batch_) return;
  if (!is_streaming_) {
    is_streaming_ = true;
    exchange_->begin(200, "text/event-stream", {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
  }
  // Progress is a courtesy: what a slow reader does not take is left out.
  static_cast<void>(exchange_->write(framed(std::move(json))));
}

void Answer::on_disconnect(std::function<void()> gone) {
  if (!batch_) exchange_->on_disconnect(std::move(gone));
}

void BatchAnswer::add(std::string_view json) {
  if (!json.empty()) messages_.append(messages_.empty() ? "[" : ",").append(json);
  if (--missing_ > 0) return;
  if (messages_.empty()) return whole_.accept();
  messages_ += ']';
  whole_.message(200, messages_);
}

}  // namespace toolrack::mcp
