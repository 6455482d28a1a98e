/// Server-sent events as the answer to a request.
#pragma once

#include <string>
#include <string_view>

#include "transports/net/http.hpp"

namespace toolrack::net {

/// The answer of one exchange, from its head on. A value that moves with whoever owes the answer; of the exchange's
/// loop. How much may wait for a slow reader, and for how long, is the connection's to judge (limits.hpp).
class EventStream {
 public:
  /// Sends the head: 200, text/event-stream.
  explicit EventStream(Exchange& exchange);

  /// One event with JSON as its data.
  [[nodiscard]] Written send(std::string_view name, std::string_view json);
  /// The last event, sent as soon as the reader takes it. The exchange is answered then, so this is the last call.
  void finish(std::string_view name, std::string_view json);

 private:
  Exchange* exchange_;
};

}  // namespace toolrack::net
