/// Exposure: the resources, templates and prompts of an endpoint.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "base/json.hpp"
#include "registry/catalogue.hpp"
#include "registry/exposure.hpp"

namespace toolrack::registry {

using base::Result;

namespace {

/// What the named tools have, ordered by `name`, a member; two versions of one tool may have the same.
template <class T, class Add>
Result<std::vector<const T*>> list_of(const Catalogue& catalogue, const std::vector<std::string>& tools,
                                      std::string T::*name, Add add) {
  std::vector<const T*> out;
  std::unordered_set<const Tool*> wanted;
  for (const auto& one : tools) {
    const auto* tool = TRY(catalogue.find_tool(one));
    if (wanted.insert(tool).second) add(*tool, out);
  }
  std::ranges::sort(out, std::less<>(), name);
  const auto twin = std::ranges::adjacent_find(out, std::equal_to<>(), name);
  if (twin == out.end()) return out;
  const auto full_name = [](const T& one) { return one.tool->id() + "@" + one.tool->version; };
  return base::fail(
      base::ErrorCode::kInvalidRequest,
      fmt::format("tools: {} and {} both offer \"{}\"", full_name(**twin), full_name(**(twin + 1)), (**twin).*name),
      "Name one version of a tool.");
}

Result<std::vector<const Resource*>> resources_of(const Catalogue& catalogue, const std::vector<std::string>& tools,
                                                  bool are_templates) {
  return list_of<Resource>(catalogue, tools, &Resource::uri, [&](const Tool& tool, auto& out) {
    for (const auto& resource : tool.resources)
      if ((resource.uri_template != nullptr) == are_templates) out.push_back(&resource);
  });
}

bool has_offer(const Tool& tool, Exposure::Offer offer, std::string_view name) {
  if (offer == Exposure::Offer::kPrompt)
    return std::ranges::count(tool.prompts, name, &Prompt::flat_name) != 0 ||
           (tool.lists_prompts && !own_name(tool, name).empty());
  if (offer == Exposure::Offer::kResource) return find_resource(tool, name) != nullptr;
  return std::ranges::any_of(tool.resources,
                             [&](const auto& one) { return one.uri_template != nullptr && one.uri == name; }) ||
         find_family(tool, name) != nullptr;
}

const Tool* usual_tool(const Catalogue& catalogue, Exposure::Offer offer, std::string_view name) {
  if (offer == Exposure::Offer::kPrompt) {
    const auto* prompt = catalogue.find_prompt(name);
    return prompt == nullptr ? catalogue.find_prompt_lister(name) : prompt->tool;
  }
  const auto* resource =
      offer == Exposure::Offer::kResource ? catalogue.find_resource(name) : catalogue.find_template(name);
  if (resource == nullptr && offer == Exposure::Offer::kTemplate) resource = catalogue.find_family(name);
  return resource == nullptr ? nullptr : resource->tool;
}

}  // namespace

Result<std::vector<const Resource*>> Exposure::resources(const Catalogue& catalogue) const {
  if (kind == Kind::kMeta) return std::vector<const Resource*>();
  return tools.empty() ? catalogue.resources() : resources_of(catalogue, tools, false);
}

Result<std::vector<const Resource*>> Exposure::templates(const Catalogue& catalogue) const {
  if (kind == Kind::kMeta) return std::vector<const Resource*>();
  return tools.empty() ? catalogue.templates() : resources_of(catalogue, tools, true);
}

Result<std::vector<const Prompt*>> Exposure::prompts(const Catalogue& catalogue) const {
  if (kind == Kind::kMeta) return std::vector<const Prompt*>();
  if (tools.empty()) return catalogue.prompts();
  return list_of<Prompt>(catalogue, tools, &Prompt::flat_name, [](const Tool& tool, auto& out) {
    for (const auto& prompt : tool.prompts) out.push_back(&prompt);
  });
}

Result<std::vector<const Tool*>> Exposure::listers(const Catalogue& catalogue, Offer offer) const {
  std::vector<const Tool*> out;
  if (kind == Kind::kMeta) return out;
  const auto add = [&](const Tool* tool) {
    const bool lists = offer == Offer::kPrompt     ? tool->lists_prompts
                       : offer == Offer::kTemplate ? tool->lists_templates
                                                   : tool->lists_resources;
    if (lists) out.push_back(tool);
  };
  if (tools.empty()) {
    for (const auto* tool : catalogue.tools()) add(tool);
  } else {
    for (const auto& one : tools) add(TRY(catalogue.find_tool(one)));
  }
  std::ranges::sort(out, {}, [](const Tool* tool) { return tool->id() + "@" + tool->version; });
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

bool Exposure::shows(const Catalogue& catalogue, std::string_view tool) const {
  if (kind == Kind::kMeta) return false;
  const auto is_it = [&](const Tool& one) {
    const auto id = one.id();
    return tool.size() == id.size() + 1 + one.version.size() && tool.starts_with(id) && tool[id.size()] == '@' &&
           tool.ends_with(one.version);
  };
  if (tools.empty()) return std::ranges::any_of(catalogue.tools(), [&](const Tool* one) { return is_it(*one); });
  return std::ranges::any_of(tools, [&](const std::string& name) {
    const auto found = catalogue.find_tool(name);
    return found && is_it(**found);
  });
}

Result<const Tool*> Exposure::find_pinned(const Catalogue& catalogue, Offer offer, std::string_view name) const {
  for (const auto& one : tools) {
    const auto at = one.find('@');
    if (at == std::string::npos) continue;
    const auto tool = catalogue.find_tool(one);
    if (tool && has_offer(**tool, offer, name)) return *tool;
    // Another version than the one that was named would be the wrong one.
    const auto usual = catalogue.find_tool(std::string_view(one).substr(0, at));
    if (!usual || *usual != usual_tool(catalogue, offer, name)) continue;
    if (!tool) return tl::unexpected(tool.error());
    return base::fail(offer == Offer::kPrompt ? base::ErrorCode::kPromptNotFound : base::ErrorCode::kResourceNotFound,
                      fmt::format("{}@{}, which the endpoint names, does not offer {}", (*tool)->id(), (*tool)->version,
                                  base::json::quote(name)));
  }
  return nullptr;
}

}  // namespace toolrack::registry
