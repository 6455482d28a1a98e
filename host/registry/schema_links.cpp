#include "registry/schema_links.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "base/encoding.hpp"

namespace toolrack::registry::schema {

using base::Result;
namespace json = base::json;

tl::unexpected<base::Error> refuse(std::string_view place, std::string_view keyword, std::string_view why) {
  return base::fail(
      base::ErrorCode::kInvalidManifest,
      fmt::format("schema at \"{}{}{}\": {}", place, keyword.empty() ? "" : "/", escape_token(keyword), why));
}

std::string escape_token(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

namespace {

Result<void> resolve(Program& program, const Places& places, std::span<const Reference> references) {
  for (const auto& [from, place, target] : references) {
    if (!target.starts_with('#')) {
      return refuse(
          place, "$ref",
          fmt::format("{} leads out of this document; only references to parts of the schema itself are followed, "
                      "such as \"#/$defs/name\"",
                      json::quote(target)));
    }
    const auto decoded = base::percent_decode(target.substr(1));
    const auto found = decoded ? places.find(*decoded) : places.end();
    if (found == places.end()) {
      return refuse(place, "$ref", fmt::format("{} names no schema in this document", json::quote(target)));
    }
    auto& rules = program.nodes[from].in_place;
    if (!rules) rules = std::make_unique<InPlace>();
    rules->ref = found->second;
  }
  return {};
}

/// The schemas that apply to the same value as this one.
std::vector<NodeId> in_place_of(const Node& node) {
  std::vector<NodeId> out;
  if (const auto& rules = node.in_place) {
    for (const auto* list : {&rules->all_of, &rules->any_of, &rules->one_of})
      out.insert(out.end(), list->begin(), list->end());
    for (const auto one : {rules->ref, rules->not_schema, rules->if_schema, rules->then_schema, rules->else_schema})
      if (one != kNone) out.push_back(one);
  }
  if (const auto& rules = node.object) {
    for (const auto& dependent : rules->dependents)
      if (dependent.schema != kNone) out.push_back(dependent.schema);
  }
  return out;
}

std::string_view place_of(const Places& places, NodeId id) {
  for (const auto& [place, owner] : places)
    if (owner == id && (place.empty() || place.front() == '/')) return place;
  return {};
}

/// Sorts the nodes by what applies in place (Kahn), which finds cycles and the longest chain without recursion.
Result<void> refuse_endless(const Program& program, const Places& places) {
  const auto count = program.nodes.size();
  std::vector<std::uint32_t> arrows_in(count, 0), depth(count, 1);
  for (const auto& node : program.nodes)
    for (const auto next : in_place_of(node)) ++arrows_in[next];
  std::deque<NodeId> ready;
  for (NodeId id = 0; id < count; ++id)
    if (arrows_in[id] == 0) ready.push_back(id);
  std::size_t sorted = 0;
  while (!ready.empty()) {
    const auto id = ready.front();
    ready.pop_front();
    ++sorted;
    if (depth[id] > kMaxInPlaceDepth) {
      return refuse(place_of(places, id), "",
                    fmt::format("more than {} schemas apply to one value in a row", kMaxInPlaceDepth));
    }
    for (const auto next : in_place_of(program.nodes[id])) {
      depth[next] = std::max(depth[next], depth[id] + 1);
      if (--arrows_in[next] == 0) ready.push_back(next);
    }
  }
  if (sorted == count) return {};
  // A cycle needs a reference in it, and nodes behind the cycle are left over too: name one that refers.
  for (NodeId id = 0; id < count; ++id) {
    if (arrows_in[id] > 0 && program.nodes[id].in_place && program.nodes[id].in_place->ref != kNone) {
      return refuse(place_of(places, id), "$ref",
                    "refers back to itself without going down into the value, so checking would never end");
    }
  }
  return refuse("", "", "refers back to itself without going down into the value, so checking would never end");
}

}  // namespace

Result<void> link(Program& program, const Places& places, std::span<const Reference> references) {
  TRY(resolve(program, places, references));
  return refuse_endless(program, places);
}

}  // namespace toolrack::registry::schema
