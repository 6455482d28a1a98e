#include "registry/exposure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/encoding.hpp"
#include "base/json.hpp"
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
    if (name.find('@') != std::string_view::npos) {
      return fail(ErrorCode::kInvalidRequest,
                  fmt::format("tools={}: a list of tools names no versions; it shows the default ones", name));
    }
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
          ErrorCode::kInvalidRequest, fmt::format("expose={} is unknown", base::json::quote(value)),
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
  for (const auto& name : tools) wanted.insert(TRY(catalogue.find_tool(name)));
  std::copy_if(catalogue.flat().begin(), catalogue.flat().end(), std::back_inserter(out),
               [&](const Skill* skill) { return wanted.contains(skill->tool); });
  return out;
}

}  // namespace toolrack::registry
