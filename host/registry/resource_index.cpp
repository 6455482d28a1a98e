#include "registry/resource_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "registry/catalogue.hpp"
#include "registry/hidden_text.hpp"
#include "registry/uri_template.hpp"

namespace toolrack::registry {
namespace {

/// Whatever the order of the tools, the same template wins.
bool says_more(const Resource* a, const Resource* b) {
  return std::tuple(-static_cast<std::int64_t>(a->uri_template->literal_size()), std::string_view(a->uri)) <
         std::tuple(-static_cast<std::int64_t>(b->uri_template->literal_size()), std::string_view(b->uri));
}

/// What stands for all URIs of a template that no manifest has; empty when it is none.
std::string sample_of(std::string_view text) {
  constexpr std::size_t kLongestTemplate = 2'000;
  if (text.size() > kLongestTemplate || find_hidden(text)) return {};
  const auto made = UriTemplate::compile(text);
  return made ? (*made)->sample() : std::string();
}

bool may_be_family(const Resource* found) {
  return found != nullptr && found->uri_template != nullptr && found->tool->lists_templates;
}

base::Result<void> refuse_twin(std::string_view what, std::string_view name, const Tool& one, const Tool& other) {
  return base::fail(base::ErrorCode::kConflict,
                    fmt::format("{} {} of {}@{} is one of {}@{} as well", what, base::json::quote(name), other.id(),
                                other.version, one.id(), one.version),
                    "Give it another name in one of the two manifests.");
}

}  // namespace

base::Result<void> ResourceIndex::build(std::span<const Tool* const> tools, bool refuses_clashes) {
  for (const auto* tool : tools) {
    for (const auto& resource : tool->resources) {
      const bool is_family = resource.uri_template != nullptr;
      const auto [other, is_new] = (is_family ? by_template_ : by_uri_).emplace(resource.uri, &resource);
      if (!is_new && !refuses_clashes) continue;
      if (!is_new)
        return refuse_twin(is_family ? "the URI template" : "the resource", resource.uri, *other->second->tool, *tool);
      (is_family ? templates : resources).push_back(&resource);
    }
    for (const auto& prompt : tool->prompts) {
      const auto [other, is_new] = by_flat_name_.emplace(prompt.flat_name, &prompt);
      if (!is_new && !refuses_clashes) continue;
      if (!is_new) return refuse_twin("the prompt", prompt.flat_name, *other->second->tool, *tool);
      prompts.push_back(&prompt);
    }
    if (!tool->lists_prompts) continue;
    const auto twin = std::ranges::find(prompt_listers_, tool->prefix, &Tool::prefix);
    if (twin != prompt_listers_.end() && !refuses_clashes) continue;
    if (twin != prompt_listers_.end())
      return refuse_twin("the prefix, for prompts that the plugin lists itself,", tool->prefix, **twin, *tool);
    prompt_listers_.push_back(tool);
  }
  std::ranges::sort(prompt_listers_, std::ranges::greater(), [](const Tool* tool) { return tool->prefix.size(); });
  match_order_ = templates;
  std::ranges::sort(match_order_, says_more);
  std::ranges::sort(resources, {}, &Resource::uri);
  std::ranges::sort(templates, {}, &Resource::uri);
  std::ranges::sort(prompts, {}, &Prompt::flat_name);
  return {};
}

const Resource* ResourceIndex::find(std::string_view uri) const {
  if (const auto exact = by_uri_.find(uri); exact != by_uri_.end()) return exact->second;
  const auto family = std::ranges::find_if(
      match_order_, [&](const Resource* one) { return one->uri_template->match(uri).has_value(); });
  return family == match_order_.end() ? nullptr : *family;
}

const Resource* ResourceIndex::find_template(std::string_view text) const noexcept {
  const auto found = by_template_.find(text);
  return found == by_template_.end() ? nullptr : found->second;
}

const Resource* ResourceIndex::find_family(std::string_view text) const {
  const auto sample = sample_of(text);
  const auto* found = sample.empty() ? nullptr : find(sample);
  return may_be_family(found) ? found : nullptr;
}

const Prompt* ResourceIndex::find_prompt(std::string_view flat_name) const noexcept {
  const auto found = by_flat_name_.find(flat_name);
  return found == by_flat_name_.end() ? nullptr : found->second;
}

const Tool* ResourceIndex::find_prompt_lister(std::string_view flat_name) const noexcept {
  const auto found =
      std::ranges::find_if(prompt_listers_, [&](const Tool* tool) { return !own_name(*tool, flat_name).empty(); });
  return found == prompt_listers_.end() ? nullptr : *found;
}

std::string_view own_name(const Tool& tool, std::string_view flat_name) noexcept {
  const std::string_view prefix = tool.prefix;
  if (prefix.empty()) return flat_name;
  const bool has_prefix = flat_name.starts_with(prefix) && flat_name.substr(prefix.size()).starts_with('_');
  return has_prefix ? flat_name.substr(prefix.size() + 1) : std::string_view();
}

const Resource* find_resource(const Tool& tool, std::string_view uri) {
  const Resource* best = nullptr;
  for (const auto& resource : tool.resources) {
    if (resource.uri_template == nullptr) {
      if (resource.uri == uri) return &resource;
    } else if (resource.uri_template->match(uri) && (best == nullptr || says_more(&resource, best))) {
      best = &resource;
    }
  }
  return best;
}

const Resource* find_family(const Tool& tool, std::string_view text) {
  const auto sample = sample_of(text);
  const auto* found = sample.empty() ? nullptr : find_resource(tool, sample);
  return may_be_family(found) ? found : nullptr;
}

}  // namespace toolrack::registry
