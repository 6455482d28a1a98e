/// Running requests that are calls, tools/call and its kin: from the call path's outcome to an answer, with progress
/// and cancellation between.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "call/call_path.hpp"
#include "transports/mcp/answer.hpp"
#include "transports/mcp/client_requests.hpp"
#include "transports/mcp/message.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/running_calls.hpp"

namespace toolrack::mcp {

/// The calls of one loop. Used by that loop only; outlives its connections and calls. What a call needs is kept for the
/// next one, so that a call that is answered at once allocates nothing.
class ToolCalls {
 public:
  /// All outlive it. `progress_clock` measures the pauses between what is told of a call's progress; `poll_after`: as
  /// Settings has it.
  ToolCalls(call::CallPath& calls, ClientRequests& requests, const base::Clock& progress_clock,
            std::chrono::milliseconds poll_after);
  ~ToolCalls();
  ToolCalls(const ToolCalls&) = delete;
  ToolCalls& operator=(const ToolCalls&) = delete;

  using WriteResult = void (*)(base::json::Writer& writer, const call::CallOutcome& outcome, Revision revision);
  /// How the answer is written. By default that of tools/call, which has results for failures, too.
  struct Form {
    WriteResult write = nullptr;  ///< Of a success; a failure is a JSON-RPC error (offer_result.hpp).
    std::string_view subject;     ///< What that error is about.
  };

  /// Who asked, in which era: a modern request ends with its connection, one of a legacy session can be cancelled by
  /// name.
  struct Caller {
    Revision revision = Revision::k20260728;
    std::string_view session;  ///< Id of the legacy session, or empty.
    Form form;
    bool takes_task = false;  ///< A call that becomes a job is told as a task.
  };
  /// Starts the call that `message` asks for; `answer` gets its one message when it is done.
  void start(base::Loop& loop, const call::CallRequest& request, const Message& message, const Caller& caller,
             Answer&& answer);

  /// Ticket of a session's call that still runs on this loop, by Message::id_key; 0 when there is none.
  std::uint64_t find(const std::string& session, const std::string& id) const { return running_.find(session, id); }

 private:
  class Call;
  Call& take();

  call::CallPath& calls_;
  ClientRequests& requests_;
  const base::Clock& progress_clock_;
  const std::chrono::milliseconds poll_after_;
  RunningCalls running_;
  ResponseText response_;  ///< Of the answer that is being given.
  std::vector<std::unique_ptr<Call>> all_;
  std::vector<Call*> free_;
};

}  // namespace toolrack::mcp
