#include "call/call_attributes.hpp"

#include "base/json.hpp"
#include "services/telemetry/attribute_list.hpp"
#include "services/telemetry/call_content.hpp"
#include "services/telemetry/tracer.hpp"

namespace toolrack::call {
namespace {

namespace json = base::json;

/// Of an answer that is blocks only: the texts among them, as MCP has them.
std::string texts_of(const std::vector<registry::Part>& parts) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartArray();
  for (const auto& part : parts) {
    if (part.type != registry::Part::Type::kText) continue;
    writer.StartObject();
    json::key(writer, "type");
    json::put(writer, "text");
    json::key(writer, "text");
    json::put(writer, part.text);
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(json::view(buffer));
}

}  // namespace

void CallAttributes::note_input(const services::telemetry::Tracer& tracer, std::string_view input_json) {
  if (tracer.call_content_bytes() != 0) input_ = input_json.empty() ? "{}" : input_json;
}

void CallAttributes::note(const services::telemetry::Tracer& tracer, const CallOutcome& outcome) {
  if (!outcome.ok()) error_ = base::info(outcome.result.error->code()).name;
  const auto* skill = outcome.skill;
  if (skill == nullptr) return;
  tool_ = skill->tool->id();
  version_ = skill->tool->version;
  skill_ = skill->name;
  flat_name_ = skill->manifest_flat_name();
  backend_ = outcome.backend;
  const auto most = tracer.call_content_bytes();
  if (most == 0 || input_.empty()) return;
  using services::telemetry::told_content;
  arguments_ = told_content(input_, skill->input_schema, most);
  input_.clear();
  if (!outcome.ok() || outcome.suspended != nullptr || !outcome.explanation_json.empty()) return;
  if (const auto output = outcome.result.output_json.view(); !output.empty())
    result_ = told_content(output, skill->output_schema, most);
  else if (!outcome.result.parts.empty())
    result_ = told_content(texts_of(outcome.result.parts), {}, most);
}

void CallAttributes::clear() noexcept {
  for (auto* text : {&tool_, &version_, &skill_, &flat_name_, &backend_, &input_, &arguments_, &result_}) text->clear();
  error_ = {};
}

void CallAttributes::add_to(services::telemetry::AttributeList& list, std::string_view request_id) const {
  list.add("toolrack.request_id", request_id);
  list.add("toolrack.tool", tool_);
  list.add("toolrack.tool.version", version_);
  list.add("toolrack.skill", skill_);
  list.add("toolrack.backend", backend_);
  list.add("toolrack.error", error_);
  list.add("gen_ai.tool.call.arguments", arguments_);
  list.add("gen_ai.tool.call.result", result_);
}

}  // namespace toolrack::call
