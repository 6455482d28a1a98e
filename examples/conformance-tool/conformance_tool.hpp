/// What the MCP conformance suite asks of a server under test: tools, resources, prompts and completion with fixed
/// names.
///
/// Its words are the suite's. The skills stand in content.cpp (answers of every kind), questions.cpp (what asks the
/// person or the model) and tasks.cpp (what runs as a job), the rest in lists.cpp.
#pragma once

#include <toolrack/plugin.hpp>

class ConformanceTool final : public toolrack::Plugin {
 public:
  explicit ConformanceTool(const toolrack::Host& host);

 private:
  using Call = toolrack::Call;
  using Reply = toolrack::Reply;
  using Task = toolrack::Task;

  // Answers of every kind: content.cpp.
  Reply simple_text(Call& call);
  Reply image_content(Call& call);
  Reply audio_content(Call& call);
  Reply embedded_resource(Call& call);
  Reply multiple_content_types(Call& call);
  Reply error_handling(Call& call);
  Reply json_schema(Call& call);
  Reply param_header(Call& call);
  Reply trigger_tool_change(Call& call);
  Reply trigger_prompt_change(Call& call);
  Task with_progress(Call call);
  Task with_logging(Call call);
  Task logging_tool(Call call);
  Task reconnection(Call call);

  // Questions: questions.cpp.
  Task sampling(Call call);
  Task elicitation(Call call);
  Task elicitation_defaults(Call call);
  Task elicitation_enums(Call call);
  Task missing_capability(Call call);
  Task round_elicitation(Call call);
  Task round_sampling(Call call);
  Task round_roots(Call call);
  Task round_state(Call call);
  Task round_multiple(Call call);
  Task round_multi(Call call);
  Task round_tampered(Call call);
  Task round_capabilities(Call call);

  // What runs as a job: tasks.cpp.
  Reply greet(Call& call);
  Task slow_compute(Call call);
  Task failing_job(Call call);
  Task protocol_error_job(Call call);
  Task confirm_delete(Call call);
  Task multi_input(Call call);
  Task tool_with_task(Call call);

  // What is no skill: lists.cpp.
  Reply read_resource(Call& call);
  Task get_prompt(Call call);
  Reply complete_argument(Call& call);
  Reply subscribe(Call& call);
};
