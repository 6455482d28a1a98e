/// What a caller may ask of a call beside the skill and its input, whoever calls: a transport, or a skill.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "call/call.hpp"

namespace toolrack::call {

/// Takes the members backend, cache, confirm, dry_run, max_price and timeout_ms into `request`; false for any other
/// name. kInvalidRequest names the member whose value is wrong.
base::Result<bool> read_call_option(std::string_view name, const base::json::Value& value, CallRequest& request);

}  // namespace toolrack::call
