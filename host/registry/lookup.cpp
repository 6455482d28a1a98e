#include "registry/lookup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace toolrack::registry {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

std::string full_name(const Tool& tool) { return tool.id() + "@" + tool.version; }

}  // namespace

Result<void> Catalogue::Lookup::build(std::span<const std::shared_ptr<const Tool>> all,
                                      std::span<const Tool* const> defaults, std::span<const std::string> owner_order,
                                      bool refuses_clashes) {
  for (const auto& tool : all) versions[tool->owner][tool->slug].push_back(tool.get());
  for (const auto* tool : defaults) by_slug[tool->slug].push_back(tool);
  const auto rank = [&](const Tool* tool) {
    const auto place = std::find(owner_order.begin(), owner_order.end(), tool->owner) - owner_order.begin();
    return std::tuple(!tool->bundled, place, std::string_view(tool->owner));
  };
  for (auto& [slug, tools] : by_slug)
    std::sort(tools.begin(), tools.end(), [&](const Tool* a, const Tool* b) { return rank(a) < rank(b); });
  for (const auto* tool : defaults) {
    TRY(add_flat_names(*tool, refuses_clashes));
    TRY(add_aliases(*tool, refuses_clashes));
  }
  return {};
}

Result<void> Catalogue::Lookup::add_flat_names(const Tool& tool, bool refuses_clashes) {
  for (const auto& skill : tool.skills) {
    const auto [other, is_new] = by_flat_name.emplace(skill.flat_name, &skill);
    if (is_new || !refuses_clashes) continue;
    return fail(
        ErrorCode::kConflict,
        fmt::format("skill \"{}\" of {} and skill \"{}\" of {} have the same flat name \"{}\"", other->second->name,
                    full_name(*other->second->tool), skill.name, full_name(tool), skill.flat_name),
        "Give one of the two manifests another prefix.");
  }
  return {};
}

Result<void> Catalogue::Lookup::add_aliases(const Tool& tool, bool refuses_clashes) {
  for (const auto& alias : tool.aliases) {
    const auto [other, is_new] = by_alias.emplace(alias, &tool);
    const auto slug = by_slug.find(alias);
    if ((is_new && slug == by_slug.end()) || !refuses_clashes) continue;
    const auto& holder = is_new ? *slug->second.front() : *other->second;
    return fail(ErrorCode::kConflict,
                fmt::format("alias \"{}\" of {} is already {} {}", alias, full_name(tool),
                            is_new ? "the name of" : "an alias of", full_name(holder)),
                "Remove the alias from one of the two manifests.");
  }
  return {};
}

const Tool* Catalogue::Lookup::find_default(std::string_view owner, std::string_view name) const noexcept {
  if (const auto slug = by_slug.find(name); slug != by_slug.end()) {
    for (const auto* tool : slug->second)
      if (owner.empty() || tool->owner == owner) return tool;
  }
  const auto alias = by_alias.find(name);
  return alias != by_alias.end() && (owner.empty() || alias->second->owner == owner) ? alias->second : nullptr;
}

std::vector<std::string_view> Catalogue::Lookup::names() const {
  std::vector<std::string_view> out;
  for (const auto& [name, tools] : by_slug) out.push_back(name);
  for (const auto& [name, tool] : by_alias) out.push_back(name);
  return out;
}

}  // namespace toolrack::registry
