/// The usage record of a finished call. Internal to call/.
#pragma once

#include "accounts/usage.hpp"
#include "base/clock.hpp"
#include "call/call.hpp"

namespace toolrack::call {

/// Views into `request`, `principal` and `outcome`; `outcome.skill` is set and `outcome.timings.total_ns` counted.
accounts::UsageRecord usage_record(const CallRequest& request, const accounts::Principal& principal,
                                   const CallOutcome& outcome, const base::Clock& clock);

}  // namespace toolrack::call
