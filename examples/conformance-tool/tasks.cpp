// What takes long, and what runs as a job: a task to MCP clients that know tasks. Nothing here knows of that but the
// manifest ("async", "asks_first"); the coroutines are those of any skill.
#include "conformance_tool.hpp"
#include "person.hpp"

#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using toolrack::Op;

constexpr std::string_view kNameForm =
    R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})";

/// Long enough to be seen at work.
constexpr std::chrono::milliseconds kWork(1'000), kShortWork(100);

double number(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

toolrack::Reply ConformanceTool::greet(Call& call) {
  return Reply::text("Hello, " + member(call.input(), "name") + "!");
}

toolrack::Task ConformanceTool::slow_compute(Call call) {
  const std::string seconds = member(call.input(), "seconds");
  const std::chrono::milliseconds duration(static_cast<long long>(number(seconds) * 1'000));
  if (duration.count() > 0) {
    const Reply waited = co_await call.after(duration);
    if (!waited.ok()) co_return waited;
  }
  co_return Reply::text("Computed for " + seconds + " seconds.");
}

toolrack::Task ConformanceTool::failing_job(Call call) {
  const Reply waited = co_await call.after(kWork);
  if (!waited.ok()) co_return waited;
  co_return Reply::error(TR_TOOL_ERROR, "conformance.as_asked", "This job intentionally fails for testing");
}

toolrack::Task ConformanceTool::protocol_error_job(Call call) {
  const Reply waited = co_await call.after(kShortWork);
  if (!waited.ok()) co_return waited;
  throw std::runtime_error("This job intentionally breaks for testing");
}

toolrack::Task ConformanceTool::confirm_delete(Call call) {
  const std::string_view schema =
      R"({"type":"object","properties":{"confirm":{"type":"boolean"}},"required":["confirm"]})";
  const std::string file = member(call.input(), "filename");
  const std::string question = "Delete " + file + "?";
  const Reply answer = co_await call.ask_form("confirm", question, schema);
  if (answer.status() == TR_USER_DECLINED || answer.status() == TR_USER_DISMISSED)
    co_return Reply::text("Kept " + file + ".");
  if (!answer.ok()) co_return answer;
  co_return Reply::text((member(answer.body(), "confirm") == "true" ? "Deleted " : "Kept ") + file + ".");
}

toolrack::Task ConformanceTool::multi_input(Call call) {
  // Both are begun before the first is awaited, so both are open at once, and answered in any order.
  Op ask_first = call.ask_form("first", "The first name?", kNameForm);
  Op ask_second = call.ask_form("second", "The second name?", kNameForm);
  const Reply first = co_await ask_first;
  if (!first.ok()) co_return first;
  const Reply second = co_await ask_second;
  if (!second.ok()) co_return second;
  co_return Reply::text(member(first.body(), "name") + " and " + member(second.body(), "name"));
}

toolrack::Task ConformanceTool::tool_with_task(Call call) {
  const Reply who = co_await call.ask_form("user_name", "What is your name?", kNameForm);
  if (!who.ok()) co_return who;
  // From here on the call is a job.
  const Reply waited = co_await call.after(kShortWork);
  if (!waited.ok()) co_return waited;
  co_return Reply::text("Hello from a task, " + member(who.body(), "name") + "!");
}
