/// LivePlugins: what is decided about versions while they serve.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/live_plugins.hpp"
#include "app/versions_json.hpp"
#include "base/clock.hpp"
#include "registry/semver.hpp"
#include "registry/versions.hpp"
#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

namespace log = services::log;
using registry::Tool;
using registry::VersionDecision;

std::string_view to_word(VersionDecision::Kind kind) {
  switch (kind) {
    case VersionDecision::Kind::kPromote:
      return "promoted";
    case VersionDecision::Kind::kRollBack:
      return "rolled back";
    case VersionDecision::Kind::kDisable:
      return "disabled";
    case VersionDecision::Kind::kEnable:
      return "enabled";
    case VersionDecision::Kind::kCanary:
      return "canary";
  }
  return "";
}

bool answers_to(const Tool& tool, std::string_view name) {
  return tool.slug == name || tool.id() == name || std::ranges::find(tool.aliases, name) != tool.aliases.end();
}

}  // namespace

base::Result<std::string> LivePlugins::decide(std::string_view tool, VersionDecision decision) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return base::fail(base::ErrorCode::kUnavailable, "the gateway stops");
  const auto [name, version] = registry::split_version(tool);
  const auto id = TRY(find_id(name, decision.kind));
  const auto versions = versions_of(id);
  decision.version = version;
  auto policy = TRY(registry::decide(policies_->of(id), decision, id, versions, base::system_clock().unix_ns()));
  TRY(set_policy(id, std::move(policy)));
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  const auto catalogue = catalogue_->load();
  write_versions(writer, id, {*catalogue, policies_->all(), trials_, settings_.trials});
  const auto* usual = versions.empty() ? nullptr : registry::default_of(*catalogue, *versions.front());
  log::write(log::Level::kNotice, "it was decided about a tool's versions",
             {{"tool", tool},
              {"decision", to_word(decision.kind)},
              {"usual", usual == nullptr ? std::string("none") : usual->version}});
  return std::string(base::json::view(buffer));
}

std::string LivePlugins::versions() {
  const std::lock_guard lock(mutex_);
  const auto catalogue = catalogue_->load();
  return versions_json({*catalogue, policies_->all(), trials_, settings_.trials});
}

/// Durable first: what callers have seen must not be gone after a crash.
base::Result<void> LivePlugins::set_policy(const std::string& id, registry::VersionPolicy policy) {
  const auto versions = versions_of(id);
  const auto serving = registry::not_withheld(versions, &policy);
  const auto* present = versions.empty() ? nullptr : registry::default_of(*catalogue_->load(), *versions.front());
  if (present != nullptr && !serving.empty() && registry::usual_version(serving, &policy).version != present->version)
    registry::note_usual_before(policy, *present);
  auto policies = policies_->all();
  policies.insert_or_assign(id, policy);
  auto next = TRY(build(policies));
  TRY(policies_->keep(id, std::move(policy)));
  publish(std::move(next));
  return {};
}

/// Who has come or gone may have taken the place of the usual version.
void LivePlugins::note_usual_versions(const registry::Catalogue& before, const registry::Catalogue& now) {
  for (const auto* tool : now.tools()) {
    const auto* was = registry::default_of(before, *tool);
    if (was == nullptr || was->version == tool->version) continue;
    const auto id = tool->id();
    auto policy = policies_->of(id);
    registry::note_usual_before(policy, *was);
    if (policy == policies_->of(id)) continue;
    if (const auto kept = policies_->keep(id, std::move(policy)); !kept)
      log::write(log::Level::kError, "which version was the usual one before is not remembered",
                 {{"tool", id}, {"reason", kept.error().message()}});
  }
}

std::set<std::string> LivePlugins::forced() const {
  auto out = forced_;
  for (const auto& [id, policy] : policies_->all())
    for (const auto& version : policy.forced) out.insert(fmt::format("{}@{}", id, version));
  return out;
}

/// Once the tool is known, whose version was forced.
void LivePlugins::keep_forced(const std::vector<std::string>& added) {
  for (const auto& key : added) {
    const auto is_it = [&](const std::string& text) { return key == text || key.ends_with("/" + text); };
    const auto found = std::ranges::find_if(forced_, is_it);
    if (found == forced_.end()) continue;
    const auto [name, version] = registry::split_version(key);
    const std::string id(name);
    auto policy = policies_->of(id);
    policy.forced.emplace(version);
    if (const auto kept = policies_->keep(id, std::move(policy)); kept)
      forced_.erase(found);
    else
      log::write(log::Level::kError, "that a version was forced is lost with the next restart",
                 {{"version", key}, {"reason", kept.error().message()}});
  }
}

/// Also of a tool that is disabled as a whole, or whose files are away.
base::Result<std::string> LivePlugins::find_id(std::string_view name, VersionDecision::Kind kind) const {
  const auto catalogue = catalogue_->load();
  const auto found = catalogue->find_tool(name);
  const auto& withheld = catalogue->withheld();
  const auto other = std::ranges::find_if(withheld, [&](const auto& tool) { return answers_to(*tool, name); });
  // Of two owners' tools with that name, the one that there is something to enable of.
  if (other != withheld.end() && (!found || kind == VersionDecision::Kind::kEnable)) return (*other)->id();
  if (found) return (*found)->id();
  for (const auto& [id, policy] : policies_->all())
    if (id == name || id.ends_with(fmt::format("/{}", name))) return id;
  return tl::unexpected(found.error());
}

/// The highest first, withheld ones too.
std::vector<const Tool*> LivePlugins::versions_of(std::string_view id) const {
  std::vector<const Tool*> out;
  for (const auto& tool : tools_)
    if (tool->id() == id) out.push_back(tool.get());
  std::ranges::sort(out, [](const Tool* a, const Tool* b) {
    return registry::Semver::parse(b->version) < registry::Semver::parse(a->version);
  });
  return out;
}

}  // namespace toolrack::app
