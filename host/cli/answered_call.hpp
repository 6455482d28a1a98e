/// A call of the command line whose skill may ask: the answers that were given along go to it as it asks.
#pragma once

#include <string>

#include "base/json.hpp"
#include "cli/api.hpp"
#include "cli/call_verb.hpp"

namespace toolrack::cli {

/// Makes the call of `body`, and again with those of `options.answers` that it asks for, until it has ended or asks for
/// what is not among them. kInvalidRequest: the answers are no JSON object.
base::Result<ApiReply> answered_call(const CallOptions& options, const std::string& body, Api& api);

/// For people: what a reply with status input_required asks, and how to answer it.
std::string present_questions(const base::json::Value& reply);

}  // namespace toolrack::cli
