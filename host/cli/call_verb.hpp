/// `toolrack call TOOL SKILL --key value`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/api.hpp"

namespace toolrack::cli {

struct CallOptions {
  std::string tool, skill;
  std::optional<std::string> input;  ///< JSON, @file, or - for standard input.
  std::vector<std::string> rest;     ///< --key value pairs of the skill's own.
  bool dry_run = false, confirm = false;
  bool async = false;                  ///< As a job; else the command waits, however long the skill takes.
  std::optional<std::string> webhook;  ///< With `async`: who hears of the job's end.
  std::optional<std::string> backend;  ///< Names with commas between them: these only, in this order. Or JSON.
  std::optional<std::string> cache;    ///< on, refresh or off.
  std::optional<std::string> max_price;
  std::optional<long> timeout_ms;
  std::optional<std::string> answers;  ///< To what the skill asks, by key: JSON, @file, or - for standard input.
  std::optional<std::string> resume;   ///< The state that an earlier call was suspended with.
  std::string record, replay;          ///< Files; empty: neither.
};

/// The body of POST /v1/tools/call. Asks the gateway for the skill's schema when there are pairs to be typed.
/// kInvalidRequest names the word that cannot be read.
base::Result<std::string> call_body(const CallOptions& options, Api& api);

}  // namespace toolrack::cli
