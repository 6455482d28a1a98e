#include "transports/net/event_stream.hpp"

#include <string>
#include <utility>

#include "transports/net/event_text.hpp"

namespace toolrack::net {
namespace {

/// Needs the exchange only: the stream may be gone by then.
void write_last(Exchange& exchange, std::string event) {
  if (exchange.write(event) != Written::kFull) return exchange.end();
  exchange.on_writable([&exchange, event = std::move(event)]() mutable { write_last(exchange, std::move(event)); });
}

}  // namespace

EventStream::EventStream(Exchange& exchange) : exchange_(&exchange) {
  exchange.begin(200, kEventStreamType, {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
}

Written EventStream::send(std::string_view name, std::string_view json) {
  return exchange_->write(event_text(name, json));
}

void EventStream::finish(std::string_view name, std::string_view json) {
  write_last(*exchange_, event_text(name, json));
}

}  // namespace toolrack::net
