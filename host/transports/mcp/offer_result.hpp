/// What reads, prompts and completions came to, in the words of each era.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "call/call.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {

/// The result object of a success.
void write_read_result(base::json::Writer& writer, const call::CallOutcome& outcome, Revision revision);
void write_prompt_result(base::json::Writer& writer, const call::CallOutcome& outcome, Revision revision);
/// At most 100 values; `hasMore` when there are others.
void write_completion_result(base::json::Writer& writer, const call::CallOutcome& outcome, Revision revision);

/// A failure: these methods have no result for one. `uri`: what was to be read, or empty.
RpcError offer_error(const base::Error& error, std::string_view uri, Revision revision);

}  // namespace toolrack::mcp
