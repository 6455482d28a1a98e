// Answers of every kind.
#include "conformance_tool.hpp"
#include "media.hpp"

#include <chrono>
#include <string>

namespace {

using toolrack::Bytes;
using toolrack::Part;

/// Between the steps of what takes a while.
constexpr std::chrono::milliseconds kStep(50);

Part image() { return Part::image(Bytes(std::string(media::kImage)), "image/png"); }

}  // namespace

toolrack::Reply ConformanceTool::simple_text(Call&) {
  return Reply::text("This is a simple text response for testing.");
}

toolrack::Reply ConformanceTool::image_content(Call&) { return std::move(Reply().part(image())); }

toolrack::Reply ConformanceTool::audio_content(Call&) {
  return std::move(Reply().part(Part::audio(Bytes(std::string(media::kSound)), "audio/wav")));
}

toolrack::Reply ConformanceTool::embedded_resource(Call&) {
  return std::move(Reply().part(
      Part::resource_text("test://embedded-resource", "This is an embedded resource content.", "text/plain")));
}

toolrack::Reply ConformanceTool::multiple_content_types(Call&) {
  Reply reply = Reply::text("Multiple content types test:");
  reply.part(image());
  reply.part(
      Part::resource_text("test://mixed-content-resource", R"({"test":"data","value":123})", "application/json"));
  return reply;
}

toolrack::Reply ConformanceTool::error_handling(Call&) {
  return Reply::error(TR_TOOL_ERROR, "conformance.as_asked", "This tool intentionally returns an error for testing");
}

toolrack::Reply ConformanceTool::json_schema(Call& call) { return Reply::text("Valid: " + call.input().str()); }

toolrack::Reply ConformanceTool::param_header(Call& call) { return Reply::text("Called with " + call.input().str()); }

toolrack::Reply ConformanceTool::trigger_tool_change(Call& call) {
  call.host().list_changed(TR_LIST_SKILLS);
  return Reply::text("Said that the tools have changed.");
}

toolrack::Reply ConformanceTool::trigger_prompt_change(Call& call) {
  call.host().list_changed(TR_LIST_PROMPTS);
  return Reply::text("Said that the prompts have changed.");
}

toolrack::Task ConformanceTool::with_progress(Call call) {
  for (const int done : {0, 50, 100}) {
    if (done > 0) {
      const Reply waited = co_await call.after(kStep);
      if (!waited.ok()) co_return waited;
    }
    call.progress(done, 100, "Completed step " + std::to_string(done) + " of 100");
  }
  co_return Reply::text("Progress was told three times.");
}

toolrack::Task ConformanceTool::with_logging(Call call) {
  call.log(TR_LOG_INFO, "Tool execution started");
  const Reply first = co_await call.after(kStep);
  if (!first.ok()) co_return first;
  call.log(TR_LOG_INFO, "Tool processing data");
  const Reply second = co_await call.after(kStep);
  if (!second.ok()) co_return second;
  call.log(TR_LOG_INFO, "Tool execution completed");
  co_return Reply::text("The log was written three times.");
}

toolrack::Task ConformanceTool::logging_tool(Call call) {
  call.log(TR_LOG_INFO, "A line of the log");
  const Reply waited = co_await call.after(kStep);
  if (!waited.ok()) co_return waited;
  co_return Reply::text("The log was written.");
}

toolrack::Task ConformanceTool::reconnection(Call call) {
  const Reply waited = co_await call.after(10 * kStep);  // Long enough for the client's connection to be cut.
  if (!waited.ok()) co_return waited;
  co_return Reply::text("The answer came over another connection, if the first one was cut.");
}
