#include "call/granted_tools.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "registry/tool_json.hpp"

namespace toolrack::call {
namespace {

namespace json = base::json;

constexpr std::size_t kPage = 50;

bool is_pattern(std::string_view pattern) {
  const auto dot = pattern.rfind('.');
  return pattern == "*" || (dot != std::string_view::npos && dot > 0 && dot + 1 < pattern.size());
}

bool names(const registry::Catalogue& catalogue, std::string_view pattern, const registry::Skill& skill) {
  if (pattern == "*") return true;
  const auto dot = pattern.rfind('.');
  if (dot == std::string_view::npos) return false;
  const auto wanted = pattern.substr(dot + 1);
  if (wanted != "*" && wanted != skill.name) return false;
  const auto tool = catalogue.find_tool(pattern.substr(0, dot));
  return tool && (*tool)->slug == skill.tool->slug && (*tool)->owner == skill.tool->owner;
}

}  // namespace

bool is_granted(const registry::Catalogue& catalogue, const std::vector<std::string>& patterns,
                const registry::Skill& skill) {
  return std::ranges::any_of(patterns, [&](const auto& pattern) { return names(catalogue, pattern, skill); });
}

base::Result<std::string> list_granted(const registry::Catalogue& catalogue, const std::vector<std::string>& grants,
                                       std::string_view pattern, std::string_view cursor) {
  if (pattern.empty()) pattern = "*";
  if (!is_pattern(pattern))
    return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("\"{}\" is no pattern of skills", pattern),
                      "Give \"tool.skill\", \"tool.*\" or \"*\".");
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "items");
  writer.StartArray();
  std::size_t written = 0;
  const registry::Skill* last = nullptr;
  bool has_more = false;
  for (const auto* skill : catalogue.flat()) {
    if (skill->flat_name <= cursor || !names(catalogue, pattern, *skill) || !is_granted(catalogue, grants, *skill))
      continue;
    has_more = written == kPage;
    if (has_more) break;
    const auto& tool = *skill->tool;
    const auto bare = catalogue.find_tool(tool.slug);
    writer.StartObject();
    json::key(writer, "name");
    json::put(writer, fmt::format("{}.{}", bare && (*bare)->owner == tool.owner ? tool.slug : tool.id(), skill->name));
    json::key(writer, "owner");
    json::put(writer, tool.owner);
    json::key(writer, "version");
    json::put(writer, tool.version);
    json::key(writer, "skill");
    registry::write_skill(writer, *skill);
    writer.EndObject();
    last = skill;
    ++written;
  }
  writer.EndArray();
  if (has_more) {
    json::key(writer, "next");
    json::put(writer, last->flat_name);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::call
