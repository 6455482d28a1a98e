// What asks the person, the model or the client. The code is the same for a session, which waits here, and for the
// stateless wire, where the coroutine ends at each question and runs again from its start when the answer has come.
#include "conformance_tool.hpp"
#include "person.hpp"

#include <string>
#include <string_view>

namespace {

using toolrack::json_quote;
using toolrack::Op;

constexpr std::string_view kAskName =
    R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})";

std::string sampling_request(std::string_view prompt) {
  return R"({"messages":[{"role":"user","content":{"type":"text","text":)" + json_quote(prompt) +
         R"(}}],"maxTokens":100})";
}

}  // namespace

toolrack::Task ConformanceTool::sampling(Call call) {
  const std::string request = sampling_request(member(call.input(), "prompt"));
  const Reply answer = co_await call.ask_sample("sample", request);
  if (!answer.ok()) co_return answer;
  co_return Reply::text("LLM response: " + sampled_text(answer));
}

toolrack::Task ConformanceTool::elicitation(Call call) {
  const std::string message = member(call.input(), "message");
  const std::string_view schema =
      R"({"type":"object","properties":{"username":{"type":"string","description":"User's response"},)"
      R"("email":{"type":"string","description":"User's email address"}},"required":["username","email"]})";
  const Reply answer = co_await call.ask_form("user", message, schema);
  std::string action;
  if (!describe_action(answer, action)) co_return answer;
  co_return Reply::text("User response: " + action);
}

toolrack::Task ConformanceTool::elicitation_defaults(Call call) {
  const std::string_view schema =
      R"({"type":"object","properties":{"name":{"type":"string","description":"User name","default":"John Doe"},)"
      R"("age":{"type":"integer","description":"User age","default":30},)"
      R"("score":{"type":"number","description":"User score","default":95.5},)"
      R"("status":{"type":"string","description":"User status","enum":["active","inactive","pending"],"default":"active"},)"
      R"("verified":{"type":"boolean","description":"Verification status","default":true}},"required":[]})";
  const Reply answer =
      co_await call.ask_form("defaults", "Please review and update the form fields with defaults", schema);
  std::string action;
  if (!describe_action(answer, action)) co_return answer;
  co_return Reply::text("Elicitation completed: " + action);
}

toolrack::Task ConformanceTool::elicitation_enums(Call call) {
  const std::string_view schema =
      R"({"type":"object","properties":{)"
      R"("untitledSingle":{"type":"string","description":"Select one option","enum":["option1","option2","option3"]},)"
      R"("titledSingle":{"type":"string","description":"Select one option with titles","oneOf":[)"
      R"({"const":"value1","title":"First Option"},{"const":"value2","title":"Second Option"},)"
      R"({"const":"value3","title":"Third Option"}]},)"
      R"("legacyEnum":{"type":"string","description":"Select one option, the old way","enum":["opt1","opt2","opt3"],)"
      R"("enumNames":["Option One","Option Two","Option Three"]},)"
      R"("untitledMulti":{"type":"array","description":"Select multiple options","items":)"
      R"({"type":"string","enum":["option1","option2","option3"]}},)"
      R"("titledMulti":{"type":"array","description":"Select multiple options with titles","items":{"anyOf":[)"
      R"({"const":"value1","title":"First Choice"},{"const":"value2","title":"Second Choice"},)"
      R"({"const":"value3","title":"Third Choice"}]}}},"required":[]})";
  const Reply answer = co_await call.ask_form("enums", "Please select options from the enum fields", schema);
  std::string action;
  if (!describe_action(answer, action)) co_return answer;
  co_return Reply::text("Elicitation completed: " + action);
}

toolrack::Task ConformanceTool::missing_capability(Call call) {
  const std::string request = sampling_request("Can you be asked?");
  const Reply answer = co_await call.ask_sample("needed", request);
  if (!answer.ok()) co_return answer;
  co_return Reply::text("The client can sample: " + sampled_text(answer));
}

toolrack::Task ConformanceTool::round_elicitation(Call call) {
  const Reply answer = co_await call.ask_form("user_name", "What is your name?", kAskName);
  if (!answer.ok()) co_return answer;
  co_return Reply::text("Hello, " + member(answer.body(), "name") + "!");
}

toolrack::Task ConformanceTool::round_sampling(Call call) {
  const std::string request = sampling_request("What is the capital of France?");
  const Reply answer = co_await call.ask_sample("capital_question", request);
  if (!answer.ok()) co_return answer;
  co_return Reply::text("The model says: " + sampled_text(answer));
}

toolrack::Task ConformanceTool::round_roots(Call call) {
  const Reply answer = co_await call.ask_roots("client_roots");
  if (!answer.ok()) co_return answer;
  co_return Reply::text("The client's roots: " + answer.body().str());
}

toolrack::Task ConformanceTool::round_state(Call call) {
  const std::string_view schema = R"({"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]})";
  const Reply answer = co_await call.ask_form("confirm", "Go on?", schema);
  if (!answer.ok()) co_return answer;
  // The state that went round is the host's: what got here again was in order.
  co_return Reply::text("state-ok, confirmed: " + member(answer.body(), "ok"));
}

toolrack::Task ConformanceTool::round_multiple(Call call) {
  // Asked in one frame, so they travel together.
  const std::string request = sampling_request("Write a greeting.");
  Op ask_name = call.ask_form("user_name", "What is your name?", kAskName);
  Op ask_greeting = call.ask_sample("greeting", request);
  Op ask_roots = call.ask_roots("client_roots");
  const Reply name = co_await ask_name;
  if (!name.ok()) co_return name;
  const Reply greeting = co_await ask_greeting;
  if (!greeting.ok()) co_return greeting;
  const Reply roots = co_await ask_roots;
  if (!roots.ok()) co_return roots;
  co_return Reply::text(sampled_text(greeting) + ", " + member(name.body(), "name") + "; roots: " + roots.body().str());
}

toolrack::Task ConformanceTool::round_multi(Call call) {
  const Reply first = co_await call.ask_form("step1", "Step 1: what is your name?", kAskName);
  if (!first.ok()) co_return first;
  const std::string_view schema = R"({"type":"object","properties":{"color":{"type":"string"}},"required":["color"]})";
  const Reply second = co_await call.ask_form("step2", "Step 2: what is your favourite colour?", schema);
  if (!second.ok()) co_return second;
  co_return Reply::text(member(first.body(), "name") + " likes " + member(second.body(), "color") + ".");
}

toolrack::Task ConformanceTool::round_tampered(Call call) {
  const std::string_view schema = R"({"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]})";
  const Reply answer = co_await call.ask_form("confirm", "Go on?", schema);
  if (!answer.ok()) co_return answer;
  co_return Reply::text("Nobody touched the state.");
}

toolrack::Task ConformanceTool::round_capabilities(Call call) {
  std::string told = "Asked:";
  if (call.has_flag(TR_CALL_SAMPLE)) {
    const std::string request = sampling_request("What is the capital of France?");
    const Reply answer = co_await call.ask_sample("capital_question", request);
    if (!answer.ok()) co_return answer;
    told += " the model (" + sampled_text(answer) + ")";
  }
  if (call.has_flag(TR_CALL_ASK_FORM)) {
    const Reply answer = co_await call.ask_form("user_name", "What is your name?", kAskName);
    if (!answer.ok()) co_return answer;
    told += " the person (" + member(answer.body(), "name") + ")";
  }
  if (call.has_flag(TR_CALL_ROOTS)) {
    const Reply answer = co_await call.ask_roots("client_roots");
    if (!answer.ok()) co_return answer;
    told += " for roots (" + answer.body().str() + ")";
  }
  co_return Reply::text(told);
}
