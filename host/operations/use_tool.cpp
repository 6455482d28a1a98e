#include "operations/use_tool.hpp"

#include <fmt/format.h>

#include "call/call_options.hpp"
#include "call/questions/question_words.hpp"

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
"can_answer":{"type":"array","items":{"enum":["form","url","sampling","roots"]},"description":"REST only: what the skill may ask; a question is answered with 409, questions and state."},
"state":{"type":"string","description":"REST only: of the 409 that asked; with answers the call goes on."},
"answers":{"type":"object","description":"REST only: the answer to each question, by key, as the result of its method."},
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

/// True when the member is one of these.
base::Result<bool> read_asking(std::string_view name, const base::json::Value& value, call::Asking& asking) {
  if (name == "can_answer") {
    if (!value.IsArray()) return fail(ErrorCode::kInvalidRequest, "\"can_answer\" is not a list");
    for (const auto& kind : value.GetArray()) {
      const auto bit = kind.IsString() ? call::kind_of(base::json::view(kind)) : 0;
      if (bit == 0)
        return fail(ErrorCode::kInvalidRequest, fmt::format("\"can_answer\" has {}", base::json::dump(kind)),
                    "It takes \"form\", \"url\", \"sampling\" and \"roots\".");
      asking.kinds |= bit;
    }
  } else if (name == "answers") {
    if (!value.IsObject()) return fail(ErrorCode::kInvalidRequest, "\"answers\" is not an object");
    asking.answers = &value;
  } else if (name == "state") {
    if (!value.IsString() || value.GetStringLength() == 0)
      return fail(ErrorCode::kInvalidRequest, "\"state\" is not the text that was given out");
    asking.state = base::json::view(value);
  } else {
    return false;
  }
  return true;
}

base::Result<void> read_member(std::string_view name, const base::json::Value& value, call::CallRequest& request,
                               call::Asking* asking) {
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
  } else if (asking != nullptr && TRY(read_asking(name, value, *asking))) {
    return {};
  } else if (!TRY(call::read_call_option(name, value, request))) {
    return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is no member of a call", name),
                "A call takes tool, skill, input, async, backend, cache, dry_run, confirm, max_price, timeout_ms, "
                "stream and webhook; over REST also can_answer, answers and state.");
  }
  return {};
}

}  // namespace

base::Result<void> read_use_tool(const base::json::Value& body, std::string_view input_json, call::CallRequest& request,
                                 call::Asking* asking) {
  if (!body.IsObject()) return fail(ErrorCode::kInvalidRequest, "the body is not a JSON object");
  for (const auto& member : body.GetObject())
    TRY(read_member(base::json::view(member.name), member.value, request, asking));
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
