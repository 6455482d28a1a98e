#include "operations/use_tool.hpp"

#include <fmt/format.h>

#include "call/call_options.hpp"

namespace toolrack::operations {

using base::ErrorCode;
using base::fail;

const std::string_view kUseToolSchema = R"({
"type":"object",
"properties":{
"tool":{"type":"string","minLength":1,"description":"The tool, as discover names it: seo, owner/tool, tool@1.2.0; or a skill's flat name when skill is left out."},
"skill":{"type":"string","description":"The tool's skill to run."},
"input":{"type":"object","description":"The skill's input; discover shows its schema."},
"dry_run":{"type":"boolean","description":"Explain backend, price and limits instead of running."},
"confirm":{"type":"boolean","description":"The person agreed to a skill that acts in the real world."},
"max_price":{"type":["number","string"],"description":"Refuse when the call may cost more than this many US dollars."},
"timeout_ms":{"type":"integer","minimum":1,"description":"Give up after this time; at most the skill's own limit."},
"async":{"type":"boolean","description":"true: answer at once with a job_id, for get_job_result; false: wait for the end. Unless told, skills that take long are jobs."},
"webhook":{"type":"string","description":"With a job: the https URL that is told, signed, when it has ended."},
"cache":{"enum":["on","refresh","off"],"description":"refresh: run the skill although a kept answer would do, and keep the new one; off: and keep nothing."},
"stream":{"type":"boolean","description":"REST only: answer with server-sent events: progress, partial, then result or error."},
"backend":{"type":"object","description":"Which of the skill's backends serve it, where it has several.","properties":{
"order":{"type":"array","items":{"type":"string"},"description":"Backends to try first, in this order."},
"only":{"type":"array","items":{"type":"string"},"description":"Try no others."},
"ignore":{"type":"array","items":{"type":"string"},"description":"Do not try these."},
"sort":{"enum":["price","latency","throughput"],"description":"What decides among the rest; unless told, health, price and latency."},
"allow_fallbacks":{"type":"boolean","description":"False: try one backend and no other."}},"additionalProperties":false}
},
"required":["tool"],
"additionalProperties":false})";

namespace {

base::Result<void> read_member(std::string_view name, const base::json::Value& value, call::CallRequest& request) {
  const auto wrong = [&](std::string_view expected) {
    return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is not {}", name, expected));
  };
  if (name == "tool" || name == "skill") {
    if (!value.IsString()) return wrong("a string");
    (name == "tool" ? request.tool : request.skill) = base::json::view(value);
  } else if (name == "input" || name == "arguments") {
    if (!value.IsObject()) return wrong("an object");
    if (request.input != nullptr) return fail(ErrorCode::kInvalidRequest, "give \"input\" or \"arguments\", not both");
    request.input = &value;
  } else if (name == "stream") {
    if (!value.IsBool()) return wrong("true or false");
    request.streams = value.GetBool();
  } else if (name == "async") {
    if (!value.IsBool()) return wrong("true or false");
    request.job = value.GetBool() ? call::JobUse::kAlways : call::JobUse::kNever;
  } else if (name == "webhook") {
    if (!value.IsString() || value.GetStringLength() == 0) return wrong("a URL");
    request.webhook = base::json::view(value);
  } else if (!TRY(call::read_call_option(name, value, request))) {
    return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is no member of a call", name),
                "A call takes tool, skill, input, async, backend, cache, dry_run, confirm, max_price, timeout_ms, "
                "stream and webhook.");
  }
  return {};
}

}  // namespace

base::Result<void> read_use_tool(const base::json::Value& body, std::string_view input_json,
                                 call::CallRequest& request) {
  if (!body.IsObject()) return fail(ErrorCode::kInvalidRequest, "the body is not a JSON object");
  for (const auto& member : body.GetObject()) TRY(read_member(base::json::view(member.name), member.value, request));
  if (request.tool.empty()) return fail(ErrorCode::kInvalidRequest, "\"tool\" is missing");
  request.input_json = input_json;
  if (!request.streams) return {};
  if (request.job == call::JobUse::kAlways)
    return fail(ErrorCode::kInvalidRequest, "a call is a job or a stream, not both",
                "Leave \"async\" or \"stream\" out.");
  request.job = call::JobUse::kNever;
  return {};
}

std::string accepted_json(std::string_view job_id, std::string_view request_id) {
  return fmt::format(R"({{"job_id":{},"status":"queued","request_id":{}}})", base::json::quote(job_id),
                     base::json::quote(request_id));
}

}  // namespace toolrack::operations
