#include "conformance_tool.hpp"

ConformanceTool::ConformanceTool(const toolrack::Host& host) : Plugin(host) {
  skill<&ConformanceTool::simple_text>("test_simple_text");
  skill<&ConformanceTool::image_content>("test_image_content");
  skill<&ConformanceTool::audio_content>("test_audio_content");
  skill<&ConformanceTool::embedded_resource>("test_embedded_resource");
  skill<&ConformanceTool::multiple_content_types>("test_multiple_content_types");
  skill<&ConformanceTool::error_handling>("test_error_handling");
  skill<&ConformanceTool::with_progress>("test_tool_with_progress");
  skill<&ConformanceTool::json_schema>("json_schema_2020_12_tool");
  skill<&ConformanceTool::param_header>("test_x_mcp_header");
  skill<&ConformanceTool::trigger_tool_change>("test_trigger_tool_change");
  skill<&ConformanceTool::trigger_prompt_change>("test_trigger_prompt_change");
  skill<&ConformanceTool::with_logging>("test_tool_with_logging");
  skill<&ConformanceTool::logging_tool>("test_logging_tool");
  skill<&ConformanceTool::reconnection>("test_reconnection");

  skill<&ConformanceTool::sampling>("test_sampling");
  skill<&ConformanceTool::elicitation>("test_elicitation");
  skill<&ConformanceTool::elicitation_defaults>("test_elicitation_sep1034_defaults");
  skill<&ConformanceTool::elicitation_enums>("test_elicitation_sep1330_enums");
  skill<&ConformanceTool::round_elicitation>("test_streaming_elicitation");
  skill<&ConformanceTool::missing_capability>("test_missing_capability");
  skill<&ConformanceTool::round_elicitation>("test_input_required_result_elicitation");
  skill<&ConformanceTool::round_sampling>("test_input_required_result_sampling");
  skill<&ConformanceTool::round_roots>("test_input_required_result_list_roots");
  skill<&ConformanceTool::round_state>("test_input_required_result_request_state");
  skill<&ConformanceTool::round_multiple>("test_input_required_result_multiple_inputs");
  skill<&ConformanceTool::round_multi>("test_input_required_result_multi_round");
  skill<&ConformanceTool::round_tampered>("test_input_required_result_tampered_state");
  skill<&ConformanceTool::round_capabilities>("test_input_required_result_capabilities");

  skill<&ConformanceTool::greet>("greet");
  skill<&ConformanceTool::slow_compute>("slow_compute");
  skill<&ConformanceTool::failing_job>("failing_job");
  skill<&ConformanceTool::protocol_error_job>("protocol_error_job");
  skill<&ConformanceTool::confirm_delete>("confirm_delete");
  skill<&ConformanceTool::multi_input>("multi_input");
  skill<&ConformanceTool::tool_with_task>("test_tool_with_task");

  on<&ConformanceTool::read_resource>(TR_RESOURCE);
  on<&ConformanceTool::get_prompt>(TR_PROMPT);
  on<&ConformanceTool::complete_argument>(TR_COMPLETION);
  on<&ConformanceTool::subscribe>(TR_SUBSCRIBE);
  on<&ConformanceTool::subscribe>(TR_UNSUBSCRIBE);
}

TOOLRACK_PLUGIN(ConformanceTool)
