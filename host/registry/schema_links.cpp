#include "registry/schema_links.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <deque>

#include "base/encoding.hpp"
#include "registry/schema_keywords.hpp"

namespace toolrack::registry::schema {

using base::Result;
namespace json = base::json;
namespace urls = boost::urls;

namespace {

/// RFC 3986, section 5.2. Empty when one of them cannot be read.
std::string resolve_uri(std::string_view base, std::string_view reference) {
  const auto from = urls::parse_uri({base.data(), base.size()});
  const auto to = urls::parse_uri_reference({reference.data(), reference.size()});
  if (!from || !to) return {};
  urls::url out(*from);
  if (!out.resolve(*to)) return {};
  const auto text = out.buffer();
  return {text.data(), text.size()};
}

/// The schemas that apply to the same value as this one.
std::vector<NodeId> in_place_of(const Node& node) {
  std::vector<NodeId> out;
  if (const auto& rules = node.in_place) {
    for (const auto* list : {&rules->all_of, &rules->any_of, &rules->one_of})
      out.insert(out.end(), list->begin(), list->end());
    for (const auto one : {rules->not_schema, rules->if_schema, rules->then_schema, rules->else_schema})
      if (one != kNone) out.push_back(one);
  }
  if (const auto& rules = node.object) {
    for (const auto& dependent : rules->dependents)
      if (dependent.schema != kNone) out.push_back(dependent.schema);
  }
  return out;
}

}  // namespace

void Links::add_schema(std::string_view place, NodeId id) {
  schemas_.emplace(place, id);
  if (place.empty()) resources_.emplace(kDocumentUri, "");
}

Result<std::string> Links::add_resource(std::string_view place, std::string_view base, std::string_view id) {
  auto uri = resolve_uri(base, id);
  if (uri.empty()) return refuse(place, "$id", fmt::format("{} is no URI reference", json::quote(id)));
  if (!resources_.emplace(uri, place).second) {
    return refuse(place, "$id", fmt::format("{} names another schema already", json::quote(uri)));
  }
  return uri;
}

Result<void> Links::add_anchor(std::string_view place, std::string_view keyword, std::string_view base,
                               std::string_view name) {
  if (name.empty() || name.front() == '/') return refuse(place, keyword, "must be a name");
  const auto id = schemas_.at(std::string(place));
  if (!anchors_.emplace(fmt::format("{}#{}", base, name), id).second) {
    return refuse(place, keyword, fmt::format("\"{}\" is defined twice", name));
  }
  return {};
}

Result<NodeId> Links::resolve(const Reference& reference) const {
  const std::string_view target = reference.target;
  const auto hash = std::min(target.find('#'), target.size());
  const auto uri = hash == 0 ? reference.base : resolve_uri(reference.base, target.substr(0, hash));
  const auto resource = resources_.find(uri);
  if (resource == resources_.end()) {
    return refuse(reference.place, "$ref",
                  fmt::format("{} leads out of this document; only references to parts of the schema itself are "
                              "followed, such as \"#/$defs/name\"",
                              json::quote(target)));
  }
  const auto fragment = base::percent_decode(target.substr(std::min(hash + 1, target.size())));
  if (fragment) {
    const bool is_pointer = fragment->empty() || fragment->front() == '/';
    const auto& names = is_pointer ? schemas_ : anchors_;
    const auto found = names.find(is_pointer ? resource->second + *fragment : fmt::format("{}#{}", uri, *fragment));
    if (found != names.end()) return found->second;
  }
  return refuse(reference.place, "$ref", fmt::format("{} names no schema in this document", json::quote(target)));
}

std::string_view Links::place_of(NodeId id) const noexcept {
  for (const auto& [place, owner] : schemas_)
    if (owner == id) return place;
  return {};
}

/// Sorts the nodes by what applies in place (Kahn), which finds cycles and the longest chain without recursion.
Result<void> Links::refuse_endless(const Program& program) const {
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
      return refuse(place_of(id), "",
                    fmt::format("more than {} schemas apply to one value in a row", kMaxInPlaceDepth));
    }
    for (const auto next : in_place_of(program.nodes[id])) {
      depth[next] = std::max(depth[next], depth[id] + 1);
      if (--arrows_in[next] == 0) ready.push_back(next);
    }
  }
  if (sorted == count) return {};
  // A cycle needs a reference in it, and nodes behind the cycle are left over too: name one that refers.
  const auto left = std::find_if(references_.begin(), references_.end(),
                                 [&](const Reference& reference) { return arrows_in[reference.from] > 0; });
  return refuse(left != references_.end() ? left->place : "", "$ref",
                "refers back to itself without going down into the value, so checking would never end");
}

Result<void> Links::link(Program& program) const {
  for (const auto& reference : references_) {
    const auto target = TRY(resolve(reference));
    auto& rules = program.nodes[reference.from].in_place;
    if (!rules) rules = std::make_unique<InPlace>();
    rules->all_of.insert(rules->all_of.begin(), target);
  }
  return refuse_endless(program);
}

}  // namespace toolrack::registry::schema
