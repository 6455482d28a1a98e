/// POST /v1/tools/call: calls from request to reply.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/json.hpp"
#include "call/call_path.hpp"
#include "transports/net/http.hpp"
#include "transports/rest/server_span.hpp"

namespace toolrack::rest {

/// The calls that one loop has over REST. Used by that loop only; outlives its connections and calls. What a call needs
/// is kept for the next one, so that a call that is answered at once allocates nothing.
class RestCalls {
 public:
  /// All outlive it. `progress_clock`: as start_streamed_call has it.
  RestCalls(call::CallPath& calls, const base::Clock& clock, const base::Clock& progress_clock);
  ~RestCalls();
  RestCalls(const RestCalls&) = delete;
  RestCalls& operator=(const RestCalls&) = delete;

  /// Reads the body, starts the call, answers when it is done; a client that leaves cancels it. A job is answered with
  /// 202 when it is durable, and goes on.
  /// `span`: null where nothing is recorded.
  void start(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal,
             std::shared_ptr<ServerSpan> span = nullptr);

  /// A call that did not get as far as the call path, answered in the shape of a failed call. `limit` is the key's
  /// state, when there is one.
  void refuse(net::Exchange& exchange, const base::Error& error,
              std::optional<accounts::LimitState> limit = std::nullopt, ServerSpan* span = nullptr);

 private:
  class Sink;
  Sink& take(net::Exchange& exchange, std::shared_ptr<ServerSpan> span);
  void answer(net::Exchange& exchange, const call::CallOutcome& outcome, ServerSpan* span);

  call::CallPath& calls_;
  const base::Clock &clock_, &progress_clock_;
  base::json::Scratch body_;  ///< Of the request that is being started: the path keeps what must live longer.
  base::json::Buffer reply_;  ///< Of the answer that is being given.
  base::json::Writer writer_{reply_};
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::vector<Sink*> free_;
};

}  // namespace toolrack::rest
