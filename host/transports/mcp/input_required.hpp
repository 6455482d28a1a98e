/// Questions of modern requests: one is answered with `input_required` and made again with the answers. tools/call,
/// prompts/get and resources/read use the same. (Legacy: client_questions.hpp.)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "call/call.hpp"
#include "call/questions/asking.hpp"
#include "transports/mcp/message.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {

/// What the client of a modern request can be asked, and what it answers: for CallRequest::asking, where it goes only
/// when `is_of_use`. Views go into the message. -32602: requestState or inputResponses are ill-formed.
std::optional<RpcError> read_asking(const Message& message, const base::json::Value& capabilities,
                                    call::Asking& asking);
inline bool is_of_use(const call::Asking& asking) noexcept { return asking.kinds != 0 || !asking.state.empty(); }

/// {resultType: "input_required", inputRequests, requestState, _meta}.
void write_input_required(base::json::Writer& writer, const call::Suspension& suspension);

/// An outcome that a request is refused for, of whatever method: a state or answer that is none of ours (-32602), a
/// capability that the client lacks (-32021, HTTP 400). Nothing for the rest, which are results. `revision` is that of
/// the request: before 2026-07-28 there is no such thing.
std::optional<RpcError> refusal_of(const call::CallOutcome& outcome, Revision revision);

}  // namespace toolrack::mcp
