/// Finding tools, looking at one, and using one.
#include <fmt/format.h>

#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"
#include "operations/use_tool.hpp"
#include "registry/tool_json.hpp"
#include "registry/versions.hpp"
#include "services/credentials/signing.hpp"

namespace toolrack::operations {
namespace {

using base::json::Buffer;
using base::json::key;
using base::json::Writer;

std::string text(const Buffer& buffer) { return std::string(base::json::view(buffer)); }

/// {tools: [...], total} of whatever `write` puts into the array.
template <typename Items, typename Write>
std::string tool_list(const Items& items, Write write) {
  Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "tools");
  writer.StartArray();
  for (const auto& item : items) write(writer, item);
  writer.EndArray();
  key(writer, "total");
  writer.Uint64(items.size());
  writer.EndObject();
  return text(buffer);
}

registry::MissingVariables missing_variables(const Services& services) {
  if (services.credentials == nullptr) return {};
  return [&ours = *services.credentials](const registry::Credential& credential) {
    return services::credentials::missing_variables(credential, ours);
  };
}

base::Result<Answer> list_tools(Services& services, const Context& context) {
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  return Answer{tool_list(catalogue->tools(), [&](Writer& w, const registry::Tool* t) {
    registry::write_tool_summary(w, *t, registry::versions_of(*catalogue, *t));
  })};
}

base::Result<Answer> discover(Services& services, const Context& context) {
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  const auto& input = context.input;
  auto words = base::json::find_string(input, "q");
  if (!words) words = base::json::find_string(input, "query");
  const auto hits =
      catalogue->search({.text = words.value_or(""),
                         .category = base::json::find_string(input, "category").value_or(""),
                         .limit = static_cast<std::size_t>(base::json::find_int(input, "limit").value_or(20))});
  const auto missing = missing_variables(services);
  return Answer{tool_list(hits, [&](Writer& w, const registry::SearchHit& hit) {
    registry::write_tool_detail(w, *hit.tool, missing, registry::versions_of(*catalogue, *hit.tool));
  })};
}

base::Result<Answer> get_tool(Services& services, const Context& context) {
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  auto name = std::string(base::json::find_string(context.input, "tool").value_or(""));
  if (const auto owner = base::json::find_string(context.input, "owner")) name = fmt::format("{}/{}", *owner, name);
  const auto* tool = TRY(catalogue->find_tool(name));
  Buffer buffer;
  Writer writer(buffer);
  registry::write_tool_detail(writer, *tool, missing_variables(services), registry::versions_of(*catalogue, *tool));
  return Answer{text(buffer)};
}

base::Result<Answer> tools_mcp(Services& services, const Context& context) {
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  return Answer{tool_list(catalogue->flat(),
                          [](Writer& w, const registry::Skill* s) { registry::write_mcp_tool(w, *s, false); })};
}

}  // namespace

std::vector<Operation> tool_operations() {
  return {
      {.name = "list_tools",
       .method = "GET",
       .path = "/v1/tools",
       .cli = "tools",
       .open = true,
       .title = "List tools",
       .description =
           "All tools of this rack with their skills in short: the version that a call gets, and which there are.",
       .input_schema = R"({"type":"object","additionalProperties":false})",
       .run = list_tools},
      {.name = "discover",
       .method = "GET",
       .path = "/v1/tools/search",
       .cli = "search",
       .cli_positional = "query",
       .open = true,
       .meta_tool = true,
       .title = "Discover tools",
       .description = "Find tools by keyword or category, or all of them with \"*\". Shows each tool's skills with "
                      "their input schemas, "
                      "prices and examples, ready for use_tool.",
       .input_schema = R"({"type":"object","properties":{
"query":{"type":"string","description":"Words to look for; * or nothing lists everything."},
"q":{"type":"string","description":"The same as query."},
"category":{"type":"string","description":"Only tools of this category."},
"limit":{"type":"integer","minimum":1,"maximum":100,"description":"At most this many tools; 20 unless told."}},
"additionalProperties":false})",
       .run = discover},
      {.name = "tools_mcp",
       .method = "GET",
       .path = "/v1/tools/mcp",
       .open = true,
       .title = "Tools in MCP form",
       .description = "Every skill as an MCP tool definition under its flat name.",
       .input_schema = R"({"type":"object","additionalProperties":false})",
       .run = tools_mcp},
      {.name = "get_tool",
       .method = "GET",
       .path = "/v1/tools/:tool",
       .more_paths = {"/v1/tools/:owner/:tool"},
       .cli = "info",
       .cli_positional = "tool",
       .open = true,
       .title = "Show a tool",
       .description = "One tool with its skills, schemas, examples and prices.",
       .input_schema = R"({"type":"object","properties":{
"tool":{"type":"string","minLength":1,"description":"Slug, alias, or tool@version."},
"owner":{"type":"string","description":"The tool's owner, when the slug alone is not enough."}},
"required":["tool"],"additionalProperties":false})",
       .run = get_tool},
      {.name = "use_tool",
       .method = "POST",
       .path = "/v1/tools/call",
       .cli = "call",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kCall,
       .title = "Use a tool",
       .description = "Run a skill of a tool. Find tool, skill and the schema of its input with discover first.",
       .input_schema = kUseToolSchema,
       .annotations = R"({"readOnlyHint":false,"openWorldHint":true})"},
      {.name = "batch_tools",
       .method = "POST",
       .path = "/v1/tools/batch",
       .scope = accounts::Scope::kToolsCall,
       .kind = Kind::kCalls,
       .title = "Use several tools",
       .description =
           "Up to ten calls side by side. The results come in the order of the calls, each with the reply it "
           "would have had alone; one that fails leaves the others alone.",
       .input_schema = R"({"type":"object","properties":{
"calls":{"type":"array","minItems":1,"maxItems":10,"items":{"type":"object"},"description":"What POST /v1/tools/call takes, each."}},
"required":["calls"],"additionalProperties":false})",
       .annotations = R"({"readOnlyHint":false,"openWorldHint":true})"},
  };
}

}  // namespace toolrack::operations
