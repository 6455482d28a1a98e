/// The file of a recorded call: readable JSON, format 1, documented in docs/recorder.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::services::recorder {

struct RecordedCall {
  std::string toolrack;  ///< Version of the program.
  std::string tool, version, skill;
  std::string call;     ///< The body of POST /v1/tools/call, JSON.
  std::string outcome;  ///< The reply without what differs from call to call, JSON.
  std::vector<Operation> operations;
};

std::string to_json(const RecordedCall& call);
/// kInvalidRequest says what is wrong with the file's text.
base::Result<RecordedCall> parse_recorded_call(std::string_view text);

/// Whole or not at all, in place of what was there; for the owner's eyes only (0600). kInvalidRequest names the file.
base::Result<void> write_recorded_call(const std::filesystem::path& file, const RecordedCall& call);
base::Result<RecordedCall> read_recorded_call(const std::filesystem::path& file);

/// What of a reply of POST /v1/tools/call is the same whenever the call is: status, output, content, error. An asset
/// that the call made is told by its digest; ids, links and expiry are not kept.
std::string outcome_of(std::string_view reply);

}  // namespace toolrack::services::recorder
