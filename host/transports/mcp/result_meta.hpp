/// The members that results have beside their own, in the words of each era.
#pragma once

#include "base/json.hpp"
#include "call/call.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// `_meta`: the call's request id and cost, what its plugin adds, and who we are. `outcome` null: no call was made.
void write_result_meta(base::json::Writer& writer, const call::CallOutcome* outcome, Revision revision);

}  // namespace toolrack::mcp
