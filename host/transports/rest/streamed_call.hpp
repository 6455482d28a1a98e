/// POST /v1/tools/call with "stream": true: what a call says before its end, as server-sent events.
///
/// `progress` {progress, total?, message?}, `partial` one content block, then `result` or `error` with the reply that a
/// call without a stream would have had. A call that fails before it has said anything is answered as such, with its
/// status.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "call/call_path.hpp"
#include "transports/net/http.hpp"
#include "transports/rest/server_span.hpp"

namespace toolrack::rest {

/// Answers with a whole reply: the call ended before there was anything to stream.
using AnswerWhole = std::function<void(net::Exchange&, const call::CallOutcome&, ServerSpan* span)>;

/// On the exchange's loop. A client that leaves cancels the call; so does one that reads so slowly that the connection
/// takes no more (net/limits.hpp). `calls`, what `answer_whole` uses and the clock outlive the call. `span`: null where
/// nothing is recorded. `progress_clock` measures the pauses between what is told of progress.
void start_streamed_call(call::CallPath& calls, net::Exchange& exchange, call::CallRequest request,
                         AnswerWhole answer_whole, std::shared_ptr<ServerSpan> span, const base::Clock& progress_clock);

}  // namespace toolrack::rest
