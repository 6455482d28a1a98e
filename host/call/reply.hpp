/// The wire form of a call's outcome that every surface shares: REST answers it, `use_tool` answers it, the CLI prints
/// it.
#pragma once

#include <string>

#include "base/json.hpp"
#include "call/call.hpp"

namespace toolrack::call {

/// 200, or the status of the error's row.
int http_status(const CallOutcome& outcome) noexcept;

/// {status: "success"|"error", tool, version, skill, output | error | dry_run, content?, truncated?, backend?, cost,
/// currency, credits_remaining, raw_cost, markup, billed?, request_id}. A failed call tells its usage too.
void write_reply(base::json::Writer& writer, const CallOutcome& outcome);

/// The value of a Server-Timing header, milliseconds.
std::string server_timing(const Timings& timings);

}  // namespace toolrack::call
