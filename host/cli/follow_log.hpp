/// `toolrack logs`: the gateway's log, once or as it grows.
#pragma once

#include <chrono>
#include <functional>

#include "base/json.hpp"
#include "cli/api.hpp"
#include "cli/operation_verb.hpp"

namespace toolrack::cli {

/// Asks once; with `follows` for what came since, again and again, until the gateway answers with an error. Every
/// answer but those without lines goes to `show`, the first one in any case. A gateway that is renewed or restarted is
/// not there for a while. Returns when there is nothing more to ask, or with the error of one that has been away for
/// `patience`.
base::Result<void> follow_log(const operations::Operation& operation, VerbInput input, Api& api, bool follows,
                              const std::function<void(const base::json::Value& answer)>& show,
                              std::chrono::milliseconds patience = std::chrono::seconds(60));

}  // namespace toolrack::cli
