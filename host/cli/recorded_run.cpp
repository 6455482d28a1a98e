#include "cli/recorded_run.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json.hpp"
#include "services/recorder/recorded_call.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::cli {

namespace json = base::json;
namespace recorder = services::recorder;
using base::ErrorCode;
using base::Result;

namespace {

/// Which skill answered, as the reply says it.
std::string member_of(const std::string& reply, std::string_view name) {
  const auto parsed = json::parse(reply, {.max_bytes = 256 << 20, .max_values = 10'000'000});
  return parsed ? std::string(json::find_string(*parsed, name).value_or("")) : std::string();
}

/// What the replay did differently, one finding a line; empty: nothing.
std::string describe_findings(const recorder::Recording& recording, const recorder::RecordedCall& recorded,
                              const std::string& reply) {
  std::string text;
  const auto add = [&](std::string_view line) { text.append(text.empty() ? "" : "\n").append(line); };
  for (const auto& divergence : recording.divergences()) add(divergence);
  for (const auto& line : recording.left_over()) add("the call did not ask for " + line);
  const auto outcome = recorder::outcome_of(reply);
  const auto differences = recorder::list_differences(recorder::outcome_of(recorded.outcome), outcome);
  if (!differences.empty()) add("the outcome differs (\"asked\" is this run):");
  for (const auto& line : differences) add("  " + line);
  return text;
}

}  // namespace

Result<ApiReply> RecordedRun::go() { return options_.record.empty() ? replay() : record(); }

Result<ApiReply> RecordedRun::record() {
  recorder::Recording recording;
  Result<ApiReply> reply;
  recorder::RecordedCall recorded;
  {
    const auto api = TRY(backstage_.connect_recorded(target_, recording));
    recorded.call = TRY(call_body(options_, *api));
    reply = api->request("POST", "/v1/tools/call", recorded.call);
  }  // The gateway has gone, and every operation with it.
  if (!reply) return reply;
  recorded.toolrack = backstage_.version();
  recorded.tool = member_of(reply->body, "tool");
  recorded.version = member_of(reply->body, "version");
  recorded.skill = member_of(reply->body, "skill");
  recorded.outcome = recorder::outcome_of(reply->body);
  recorded.operations = recording.operations();
  if (recording.is_overfull()) {
    finding_.emplace(ErrorCode::kInvalidRequest,
                     "the call did more than a recording holds (100,000 operations, 128 MiB): no file is written");
  } else if (const auto written = recorder::write_recorded_call(options_.record, recorded); !written) {
    finding_ = written.error();
  }
  return reply;
}

Result<ApiReply> RecordedRun::replay() {
  const auto recorded = TRY(recorder::read_recorded_call(options_.replay));
  recorder::Recording recording(recorded.operations);
  Result<ApiReply> reply;
  {
    const auto api = TRY(backstage_.connect_recorded(target_, recording));
    const auto body = options_.tool.empty() ? recorded.call : TRY(call_body(options_, *api));
    reply = api->request("POST", "/v1/tools/call", body);
  }
  if (!reply) return reply;
  const auto findings = describe_findings(recording, recorded, reply->body);
  if (!findings.empty())
    finding_ = base::Error(ErrorCode::kInvalidRequest, "the replay is not the recorded call:\n" + findings,
                           "Give the input of the recording and the tool in the version of the recording, or record "
                           "the call anew.")
                   .with_name("replay_diverged");
  return reply;
}

}  // namespace toolrack::cli
