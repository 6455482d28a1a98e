/// Results of tools/call in the words of each era.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "call/call.hpp"
#include "call/jobs/jobs.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// A CallToolResult: content, structuredContent where the revision has it, isError, _meta with cost and request id.
void write_call_result(base::json::Writer& writer, const call::CallOutcome& outcome, Revision revision);

/// What `write_call_result` would have written of the call of a job, which has ended and was not cancelled; at
/// 2026-07-28.
void write_kept_result(base::json::Writer& writer, const call::jobs::JobView& view);

/// The same of an operation's JSON answer, as text.
std::string operation_result(std::string_view answer_json, Revision revision);

/// isError=true with text that a model can act on.
std::string error_result(const base::Error& error, Revision revision);

}  // namespace toolrack::mcp
