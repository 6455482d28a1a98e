/// Upstream services: which there are, how they answer, and which of them serve a tool's skills.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "call/backend_plan.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"
#include "services/credentials/signing.hpp"
#include "services/providers/figures_json.hpp"

namespace toolrack::operations {
namespace {

using base::json::key;
using base::json::put;
using base::json::Writer;
using ToolsOfProviders = std::map<std::string_view, std::vector<const registry::Tool*>>;

/// Slug to the tools that name it; views into the catalogue.
ToolsOfProviders by_provider(const registry::Catalogue& catalogue) {
  ToolsOfProviders all;
  for (const auto* tool : catalogue.tools())
    for (const auto& provider : tool->providers) all[provider.slug].push_back(tool);
  return all;
}

/// What would have to be set so that the rack's own credential serves the provider.
void write_missing(Writer& writer, std::string_view slug, const std::vector<const registry::Tool*>& tools,
                   const services::credentials::PlatformCredentials* ours) {
  std::set<std::string> missing;
  for (const auto* tool : tools) {
    const auto* credential = tool->find_credential(tool->find_provider(slug)->credential);
    if (credential == nullptr || ours == nullptr) continue;
    for (auto& variable : services::credentials::missing_variables(*credential, *ours))
      missing.insert(std::move(variable));
  }
  key(writer, "missing_variables");
  writer.StartArray();
  for (const auto& variable : missing) put(writer, variable);
  writer.EndArray();
}

void write_provider(Writer& writer, std::string_view slug, const std::vector<const registry::Tool*>& tools,
                    const Services& services) {
  writer.StartObject();
  key(writer, "provider");
  put(writer, slug);
  key(writer, "base_url");
  put(writer, tools.front()->find_provider(slug)->base_url);
  key(writer, "tools");
  writer.StartArray();
  for (const auto* tool : tools) put(writer, fmt::format("{}@{}", tool->id(), tool->version));
  writer.EndArray();
  write_missing(writer, slug, tools, services.credentials);
  services::providers::write_figures(writer, services.providers.figures(slug));
  writer.EndObject();
}

base::Result<Answer> list_providers(Services& services, const Context& context) {
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  const auto all = by_provider(*catalogue);
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "providers");
  writer.StartArray();
  for (const auto& [slug, tools] : all) write_provider(writer, slug, tools, services);
  writer.EndArray();
  key(writer, "total");
  writer.Uint64(all.size());
  writer.EndObject();
  return Answer{std::string(base::json::view(buffer))};
}

base::Result<Answer> get_provider(Services& services, const Context& context) {
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  const auto all = by_provider(*catalogue);
  const auto wanted = base::json::find_string(context.input, "provider").value_or("");
  const auto found = all.find(wanted);
  if (found == all.end())
    return tl::unexpected(base::Error(base::ErrorCode::kToolNotFound,
                                      fmt::format("no tool names a provider \"{}\"", wanted),
                                      "List the providers with GET /v1/providers or `toolrack providers`.")
                              .with_name("provider_not_found"));
  base::json::Buffer buffer;
  Writer writer(buffer);
  write_provider(writer, found->first, found->second, services);
  return Answer{std::string(base::json::view(buffer))};
}

base::Result<Answer> list_backends(Services& services, const Context& context) {
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  auto name = std::string(base::json::find_string(context.input, "tool").value_or(""));
  if (const auto owner = base::json::find_string(context.input, "owner")) name = fmt::format("{}/{}", *owner, name);
  const auto* tool = TRY(catalogue->find_tool(name));
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "tool");
  put(writer, tool->slug);
  key(writer, "version");
  put(writer, tool->version);
  key(writer, "skills");
  writer.StartArray();
  for (const auto& skill : tool->skills) {
    writer.StartObject();
    key(writer, "skill");
    put(writer, skill.name);
    key(writer, "backends");
    writer.StartArray();
    if (!skill.backends.empty()) {
      const auto plan = TRY(call::plan_backends(skill, {}, services.providers));
      for (const auto& candidate : plan.candidates) call::write_candidate(writer, candidate);
    }
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return Answer{std::string(base::json::view(buffer))};
}

}  // namespace

std::vector<Operation> provider_operations() {
  return {
      {.name = "list_providers",
       .method = "GET",
       .path = "/v1/providers",
       .cli = "providers",
       .title = "List providers",
       .description = "The upstream services that tools use, and how each has answered lately.",
       .input_schema = R"({"type":"object","additionalProperties":false})",
       .run = list_providers},
      {.name = "get_provider",
       .method = "GET",
       .path = "/v1/providers/:provider",
       .title = "Show a provider",
       .description = "One upstream service: its breaker, latency and failures, and the tools that use it.",
       .input_schema = R"({"type":"object","properties":{
"provider":{"type":"string","minLength":1,"description":"Slug, as GET /v1/providers lists it."}},
"required":["provider"],"additionalProperties":false})",
       .run = get_provider},
      {.name = "list_backends",
       .method = "GET",
       .path = "/v1/tools/:tool/backends",
       .more_paths = {"/v1/tools/:owner/:tool/backends"},
       .cli = "backends",
       .cli_positional = "tool",
       .title = "List backends",
       .description =
           "Which providers can serve each skill of a tool, in the order in which a call tries them now, with "
           "prices and figures.",
       .input_schema = R"({"type":"object","properties":{
"tool":{"type":"string","minLength":1,"description":"Slug, alias, or tool@version."},
"owner":{"type":"string","description":"The tool's owner, when the slug alone is not enough."}},
"required":["tool"],"additionalProperties":false})",
       .run = list_backends},
  };
}

}  // namespace toolrack::operations
