/// The members that results have beside their own, in the words of each era.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "call/call.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// What is told of a call. Borrowed.
struct CallFacts {
  std::string_view request_id;
  std::string_view cost_usd;   ///< A number; empty: nothing was charged.
  bool truncated = false;      ///< There is more than is told.
  std::string_view meta_json;  ///< What its plugin adds, an object; or empty.
};
void write_result_meta(base::json::Writer& writer, const CallFacts& facts, Revision revision);

/// `_meta`: the call's request id and cost, what its plugin adds, and who we are. `outcome` null: no call was made.
void write_result_meta(base::json::Writer& writer, const call::CallOutcome* outcome, Revision revision);

}  // namespace toolrack::mcp
