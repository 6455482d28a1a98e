/// Text -> manifest -> Tool, and the Tool as the JSON that goes to clients.
#include <algorithm>
#include <string>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "registry/input_validator.hpp"
#include "registry/manifest.hpp"
#include "registry/tool_json.hpp"

namespace toolrack::fuzz {
namespace {

namespace json = base::json;

bool is_flat_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

void check_skill(const registry::Skill& skill, const registry::Tool& tool) {
  require(skill.tool == &tool && &tool.skills.at(skill.index) == &skill, "a skill knows its tool");
  require(is_flat_name(skill.flat_name), "a flat name is one that every client takes", skill.flat_name);
  require(skill.input_validator != nullptr, "an input schema is compiled");
  require(skill.output_schema.empty() == (skill.output_validator == nullptr), "an output schema is compiled");
  require(skill.price.micros() >= 0, "a price is not negative");
  require(skill.timeout.count() > 0, "a timeout ends");
  for (const auto* schema : {&skill.input_schema, &skill.output_schema}) {
    require(schema->find_first_of("\r\n") == schema->npos, "a schema is one line", *schema);
    require(schema->empty() || json::parse(*schema).has_value(), "a schema is JSON", *schema);
  }
  for (const auto& backend : skill.backends)
    require(tool.find_provider(backend.provider) != nullptr, "a provider that is named exists", backend.provider);
  for (const bool legacy : {false, true}) {
    json::Buffer buffer;
    json::Writer writer(buffer);
    registry::write_mcp_tool(writer, skill, legacy);
    const auto read = json::parse(json::view(buffer));
    require(read && json::find_string(*read, "name") == skill.flat_name, "a tool goes out as JSON", json::view(buffer));
    const auto* schema = json::find(*read, "inputSchema");
    require(schema != nullptr && json::find_string(*schema, "type") == "object", "an input is an object",
            json::view(buffer));
  }
}

}  // namespace

void check(std::string_view text) {
  const auto tool = registry::load_manifest(text);
  if (!tool) {
    require(tool.error().code() == base::ErrorCode::kInvalidManifest, "a manifest fails as a manifest");
    require(base::is_utf8(tool.error().message()), "messages are UTF-8", tool.error().message());
    const auto& details = tool.error().details_json();
    require(details.empty() || json::parse(details).has_value(), "details are JSON", details);
    return;
  }
  require((*tool)->manifest_json == text, "a manifest is kept as it was");
  require(!(*tool)->skills.empty(), "a tool has skills");
  for (const auto& skill : (*tool)->skills) check_skill(skill, **tool);
  json::Buffer buffer;
  json::Writer writer(buffer);
  registry::write_tool_detail(writer, **tool);
  require(json::parse(json::view(buffer), {.max_bytes = 64 << 20, .max_depth = 80}).has_value(),
          "a tool's detail is JSON", json::view(buffer));
}

}  // namespace toolrack::fuzz
