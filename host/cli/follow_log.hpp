/// `toolrack logs`: the gateway's log, once or as it grows.
#pragma once

#include <functional>

#include "base/json.hpp"
#include "cli/api.hpp"
#include "cli/operation_verb.hpp"

namespace toolrack::cli {

/// Asks once; with `follows` for what came since, again and again, until the gateway answers with an error. Every
/// answer but those without lines goes to `show`, the first one in any case. Returns when there is nothing more to ask,
/// or with the error of a gateway that has gone.
base::Result<void> follow_log(const operations::Operation& operation, VerbInput input, Api& api, bool follows,
                              const std::function<void(const base::json::Value& answer)>& show);

}  // namespace toolrack::cli
