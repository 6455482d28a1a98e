#include "registry/exposure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/encoding.hpp"
#include "base/shown_text.hpp"
#include "registry/catalogue.hpp"

namespace toolrack::registry {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxTools = 200;

Result<void> read_tools(std::string_view list, std::vector<std::string>& out) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (name.empty()) continue;
    if (out.size() >= kMaxTools) {
      return fail(ErrorCode::kInvalidRequest,
                  fmt::format("tools: more than {} names; leave it out to see all tools", kMaxTools));
    }
    out.emplace_back(name);
  }
  return {};
}

}  // namespace

Result<Exposure> Exposure::parse(std::string_view query) {
  Exposure out;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const auto equals = pair.find('=');
    const auto name = pair.substr(0, equals);
    if (name != "expose" && name != "tools") continue;  // Other parts of the endpoint read theirs.
    const auto value =
        equals == std::string_view::npos ? std::string() : TRY(base::percent_decode(pair.substr(equals + 1), true));
    if (name == "tools") {
      TRY(read_tools(value, out.tools));
    } else if (value == "flat") {
      out.kind = Kind::kFlat;
    } else if (value == "meta") {
      out.kind = Kind::kMeta;
    } else {
      return fail(
          ErrorCode::kInvalidRequest, fmt::format("expose={} is unknown", base::shown(value)),
          "Use expose=flat for every skill under its own name, or expose=meta (the default) for the meta-tools.");
    }
  }
  std::sort(out.tools.begin(), out.tools.end());
  out.tools.erase(std::unique(out.tools.begin(), out.tools.end()), out.tools.end());
  return out;
}

std::string Exposure::cache_key() const {
  return fmt::format("{}:{}", kind == Kind::kFlat ? "flat" : "meta", fmt::join(tools, ","));
}

Result<std::vector<const Skill*>> Exposure::skills(const Catalogue& catalogue) const {
  std::vector<const Skill*> out;
  if (kind == Kind::kMeta) return out;
  if (tools.empty()) return catalogue.flat();
  std::unordered_set<const Tool*> wanted;
  for (const auto& name : tools) {
    const auto* tool = TRY(catalogue.find_tool(name));
    if (!wanted.insert(tool).second) continue;
    for (const auto& skill : tool->skills) out.push_back(&skill);
  }
  std::ranges::sort(out, {}, &Skill::flat_name);
  const auto twin = std::ranges::adjacent_find(out, {}, &Skill::flat_name);
  if (twin == out.end()) return out;
  const auto full_name = [](const Skill& skill) { return skill.tool->id() + "@" + skill.tool->version; };
  return fail(
      ErrorCode::kInvalidRequest,
      fmt::format("tools: {} and {} both offer \"{}\"", full_name(**twin), full_name(**(twin + 1)), (*twin)->flat_name),
      "Name one version of a tool.");
}

bool Exposure::has_pins() const noexcept {
  return std::ranges::any_of(tools, [](const auto& name) { return name.find('@') != std::string::npos; });
}

Result<const Skill*> Exposure::find_flat(const Catalogue& catalogue, std::string_view flat_name) const {
  const auto* usual = catalogue.find_flat(flat_name);
  for (const auto& name : tools) {
    const auto at = name.find('@');
    if (at == std::string::npos) continue;
    const auto tool = catalogue.find_tool(name);
    if (!tool) {
      // Another version than the one that was named would be the wrong one.
      const auto any = catalogue.find_tool(std::string_view(name).substr(0, at));
      if (usual != nullptr && any && *any == usual->tool) return tl::unexpected(tool.error());
      continue;
    }
    const auto skill = std::ranges::find((*tool)->skills, flat_name, &Skill::flat_name);
    if (skill != (*tool)->skills.end()) return &*skill;
    if (usual != nullptr && usual->tool->owner == (*tool)->owner && usual->tool->slug == (*tool)->slug) usual = nullptr;
  }
  return usual;
}

}  // namespace toolrack::registry
