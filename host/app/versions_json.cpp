#include "app/versions_json.hpp"

#include <algorithm>
#include <set>

#include "registry/version_policy_json.hpp"

namespace toolrack::app {
namespace {

namespace json = base::json;

/// What was the usual version before is no decision.
bool has_decision(const registry::VersionPolicy& policy) {
  auto rest = policy;
  rest.before.clear();
  return !rest.is_empty();
}

void write_trial(json::Writer& writer, const VersionTrial& trial, const VersionsView& view) {
  const auto standing = VersionTrials::look(trial, view.settings);
  json::key(writer, "trial");
  writer.StartObject();
  json::put_member(writer, "version", trial.newer->version);
  json::put_member(writer, "calls", standing.newer.calls);
  json::put_member(writer, "errors", standing.newer.errors);
  json::put_member(writer, "of_calls", view.settings.first_calls);
  json::put_member(writer, "against", trial.older->version);
  json::put_member(writer, "against_calls", standing.older.calls);
  json::put_member(writer, "against_errors", standing.older.errors);
  writer.EndObject();
}

}  // namespace

void write_versions(json::Writer& writer, std::string_view id, const VersionsView& view) {
  writer.StartObject();
  json::key(writer, "tool");
  json::put(writer, id);
  json::key(writer, "usual");
  const auto& defaults = view.catalogue.tools();
  const auto usual = std::ranges::find(defaults, id, [](const registry::Tool* tool) { return tool->id(); });
  if (usual == defaults.end())
    writer.Null();
  else
    json::put(writer, (*usual)->version);
  json::key(writer, "versions");
  writer.StartArray();
  for (const auto& tool : view.catalogue.all())
    if (tool->id() == id) json::put(writer, tool->version);
  writer.EndArray();
  if (const auto* policy = registry::find_policy(view.policies, id)) registry::write_members(writer, *policy);
  if (const auto* trial = view.trials.find_open(std::string(id))) write_trial(writer, *trial, view);
  writer.EndObject();
}

std::string versions_json(const VersionsView& view) {
  std::set<std::string_view> ids;
  for (const auto& [id, policy] : view.policies)
    if (has_decision(policy)) ids.insert(id);
  for (const auto& [key, trial] : view.trials.all())
    if (!trial.is_over) ids.insert(key.first);
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartArray();
  for (const auto id : ids) write_versions(writer, id, view);
  writer.EndArray();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::app
