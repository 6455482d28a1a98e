/// The operation that runs a skill: what POST /v1/tools/call, the meta-tool `use_tool` and `toolrack call` take.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "call/call.hpp"
#include "call/questions/asking.hpp"

namespace toolrack::operations {

extern const std::string_view kUseToolSchema;

/// Fills the request's fields from {tool, skill, input, async?, dry_run?, confirm?, max_price?, timeout_ms?, backend?,
/// cache?, stream?, webhook?}; `arguments` serves as another name of `input`. `input_json` is the raw text of that
/// member, or empty. Views go into `body`. `request.job` is what holds unless `async` says otherwise; a stream is no
/// job. kInvalidRequest names the field.
///
/// `asking` takes {can_answer?, answers?, state?} where the transport has no other words for them; null: they are no
/// members.
base::Result<void> read_use_tool(const base::json::Value& body, std::string_view input_json, call::CallRequest& request,
                                 call::Asking* asking = nullptr);

/// What answers a call that has become a job: {job_id, status, request_id}.
std::string accepted_json(std::string_view job_id, std::string_view request_id);

}  // namespace toolrack::operations
