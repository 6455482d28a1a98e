#include "transports/net/event_stream.hpp"

#include <algorithm>

namespace toolrack::net {
namespace {

std::string framed(std::string_view name, std::string_view json) {
  std::string event;
  event.reserve(json.size() + name.size() + 24);
  event.append("event: ").append(name).append("\ndata: ");
  const auto data = event.size();
  event.append(json);
  // A line break ends a data line; between JSON's tokens a blank means the same, and inside its strings there is none.
  std::replace_if(
      event.begin() + static_cast<std::ptrdiff_t>(data), event.end(), [](char c) { return c == '\n' || c == '\r'; },
      ' ');
  return event.append("\n\n");
}

/// Needs the exchange only: the stream may be gone by then.
void write_last(Exchange& exchange, std::string event) {
  if (exchange.write(event) != Written::kFull) return exchange.end();
  exchange.on_writable([&exchange, event = std::move(event)]() mutable { write_last(exchange, std::move(event)); });
}

}  // namespace

EventStream::EventStream(Exchange& exchange) : exchange_(&exchange) {
  exchange.begin(200, "text/event-stream", {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
}

Written EventStream::send(std::string_view name, std::string_view json) { return exchange_->write(framed(name, json)); }

void EventStream::beat() { static_cast<void>(exchange_->write(":\n\n")); }

void EventStream::finish(std::string_view name, std::string_view json) { write_last(*exchange_, framed(name, json)); }

}  // namespace toolrack::net
