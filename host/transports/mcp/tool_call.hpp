/// One running tools/call: from the call path's outcome to an answer, with progress and cancellation between.
#pragma once

#include <memory>
#include <string>

#include "call/call_path.hpp"
#include "transports/mcp/answer.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

class RunningCalls;

/// How a call is tied to what asked for it.
struct CallBinding {
  Revision revision = Revision::k20260728;
  std::string id;              ///< Raw JSON of the request's id.
  std::string progress_token;  ///< Raw JSON, or empty: nobody wants progress.
  bool cancel_on_disconnect = true;
  RunningCalls* running = nullptr;  ///< Where notifications/cancelled finds it under `session`; null: nowhere.
  std::string session;
  std::string id_key;  ///< The id in one spelling, for `running`.
};

/// Starts the call; `answer` gets its one message when it is done.
void start_tool_call(call::CallPath& calls, base::Loop& loop, const call::CallRequest& request, CallBinding binding,
                     std::unique_ptr<Answer> answer);

}  // namespace toolrack::mcp
