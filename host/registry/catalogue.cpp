#include "registry/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/shown_text.hpp"
#include "registry/lookup.hpp"
#include "registry/narrowing.hpp"
#include "registry/near_names.hpp"
#include "registry/resource_index.hpp"
#include "registry/search.hpp"
#include "registry/semver.hpp"
#include "registry/tool_set.hpp"
#include "registry/versions.hpp"

namespace toolrack::registry {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

/// Sources give valid versions; anything else sorts below all.
Semver version_of(const Tool& tool) { return Semver::parse(tool.version).value_or(Semver()); }

bool is_higher(const Tool& a, const Tool& b) {
  const auto order = version_of(a) <=> version_of(b);
  return order != 0 ? order > 0 : a.version > b.version;
}

base::Error disabled(ErrorCode code, const std::string& what, std::string_view before_operator) {
  return base::Error(code, fmt::format("{} is disabled: the operator has taken it out of service", what),
                     fmt::format("{} operator puts it back with `toolrack enable {}`.", before_operator, what))
      .with_name("tool_disabled");
}

}  // namespace

Catalogue::~Catalogue() = default;

Result<std::shared_ptr<const Catalogue>> Catalogue::build(std::vector<std::shared_ptr<const Tool>> tools,
                                                          std::vector<std::string> owner_order,
                                                          std::uint64_t generation, const VersionPolicies& policies,
                                                          const OutcomeTallies& tallies) {
  std::shared_ptr<Catalogue> catalogue(new Catalogue);
  std::sort(tools.begin(), tools.end(), [](const auto& a, const auto& b) {
    if (a->slug != b->slug) return a->slug < b->slug;
    return a->owner != b->owner ? a->owner < b->owner : is_higher(*a, *b);
  });
  const auto twin = std::adjacent_find(tools.begin(), tools.end(), [](const auto& a, const auto& b) {
    return a->slug == b->slug && a->owner == b->owner && a->version == b->version;
  });
  if (twin != tools.end()) {
    const auto& a = **twin;
    const auto& b = **(twin + 1);
    return fail(ErrorCode::kConflict,
                fmt::format("{}@{} is there twice: from source {} (build {}) and from source {} (build {})", a.id(),
                            a.version, a.source, a.build_id.empty() ? "none" : a.build_id, b.source,
                            b.build_id.empty() ? "none" : b.build_id),
                "Remove one of the two, or give the newer one a higher version.");
  }
  catalogue->policies_ = policies;
  catalogue->tallies_ = tallies;
  catalogue->owner_order_ = std::move(owner_order);
  catalogue->generation_ = generation;
  TRY(catalogue->assemble(std::move(tools), OnClash::kRefuse));
  catalogue->search_ = TRY(SearchIndex::create(catalogue->defaults_));
  return std::shared_ptr<const Catalogue>(std::move(catalogue));
}

std::shared_ptr<const Catalogue> Catalogue::narrow(std::shared_ptr<const Catalogue> whole, const ToolSet& set) {
  std::shared_ptr<Catalogue> catalogue(new Catalogue);
  auto narrowing = registry::narrow(*whole, set);
  catalogue->policies_ = whole->policies_;
  catalogue->owner_order_ = whole->owner_order_;
  catalogue->generation_ = whole->generation_;
  catalogue->set_digest_ = base::as_bytes(set.digest());
  catalogue->tallies_ = whole->tallies_;
  for (const auto& [copy, original] : narrowing.originals)
    if (const auto tally = whole->tallies_.find(original); tally != whole->tallies_.end())
      catalogue->tallies_.emplace(copy, tally->second);
  catalogue->whole_ = std::move(whole);
  // Nothing is refused where the first of two wins.
  static_cast<void>(catalogue->assemble(std::move(narrowing.tools), OnClash::kFirstWins));
  return catalogue;
}

/// `tools` in the order of `tools_`, those that are withheld among or behind them.
Result<void> Catalogue::assemble(std::vector<std::shared_ptr<const Tool>> tools, OnClash on_clash) {
  const auto is_withheld = [this](const auto& tool) {
    const auto* policy = find_policy(policies_, tool->id());
    return policy != nullptr && policy->is_withheld(tool->version);
  };
  if (!policies_.empty()) {
    std::ranges::copy_if(tools, std::back_inserter(withheld_), is_withheld);
    std::erase_if(tools, is_withheld);
  }
  for (auto first = tools.begin(); first != tools.end();) {
    std::vector<const Tool*> versions;
    auto last = first;
    for (; last != tools.end() && (*last)->slug == (*first)->slug && (*last)->owner == (*first)->owner; ++last) {
      versions.push_back(last->get());
    }
    const auto id = (*first)->id();
    const auto* policy = find_policy(policies_, id);
    const auto& usual = usual_version(versions, policy);
    defaults_.push_back(&usual);
    first = last;
    if (policy == nullptr || !policy->canary || policy->canary->version == usual.version) continue;
    const auto canary = std::ranges::find(versions, policy->canary->version, &Tool::version);
    if (canary != versions.end())
      canaries_.push_back({.usual = &usual,
                           .canary = *canary,
                           .who = &*policy->canary,
                           .seed = Canary::seed_of(id, policy->canary->version)});
  }
  tools_ = std::move(tools);
  const bool refuses = on_clash == OnClash::kRefuse;
  lookup_ = std::make_unique<Lookup>();
  TRY(lookup_->build(tools_, defaults_, owner_order_, refuses));
  resources_ = std::make_unique<ResourceIndex>();
  TRY(resources_->build(defaults_, refuses));
  for (const auto& [name, skill] : lookup_->by_flat_name) flat_.push_back(skill);
  std::sort(flat_.begin(), flat_.end(), [](const Skill* a, const Skill* b) { return a->flat_name < b->flat_name; });
  return {};
}

const Resource* Catalogue::find_resource(std::string_view uri) const { return resources_->find(uri); }
const Resource* Catalogue::find_template(std::string_view text) const noexcept {
  return resources_->find_template(text);
}
const Resource* Catalogue::find_family(std::string_view text) const { return resources_->find_family(text); }
const Prompt* Catalogue::find_prompt(std::string_view flat_name) const noexcept {
  return resources_->find_prompt(flat_name);
}
const Tool* Catalogue::find_prompt_lister(std::string_view flat_name) const noexcept {
  return resources_->find_prompt_lister(flat_name);
}
const std::vector<const Resource*>& Catalogue::resources() const noexcept { return resources_->resources; }
const std::vector<const Resource*>& Catalogue::templates() const noexcept { return resources_->templates; }
const std::vector<const Prompt*>& Catalogue::prompts() const noexcept { return resources_->prompts; }

Result<const Tool*> Catalogue::find_tool(std::string_view name) const {
  const auto at = name.rfind('@');
  const auto slash = name.find('/');
  const auto version = at == std::string_view::npos ? std::string_view() : name.substr(at + 1);
  const auto bare = name.substr(0, at);
  const auto owner = slash < bare.size() ? bare.substr(0, slash) : std::string_view();
  const auto slug = slash < bare.size() ? bare.substr(slash + 1) : bare;
  const bool is_malformed = (slash < bare.size() && owner.empty()) || (at != std::string_view::npos && version.empty());
  const auto* tool = is_malformed ? nullptr : lookup_->find_default(owner, slug);
  if (tool == nullptr) return tl::unexpected(not_found(name));
  if (at == std::string_view::npos) return tool;

  std::vector<const Tool*> wanted;
  for (const auto* candidate : lookup_->versions.at(tool->owner).at(tool->slug))
    if (is_version(*candidate, version)) wanted.push_back(candidate);
  if (wanted.empty()) return tl::unexpected(no_version(*tool, version));
  return &usual_version(wanted, policies_.empty() ? nullptr : find_policy(policies_, tool->id()));
}

base::Error Catalogue::not_found(std::string_view name) const {
  const auto bare = name.substr(0, name.rfind('@'));
  const auto slug = bare.substr(bare.find('/') + 1);  // All of it without an owner.
  for (const auto& tool : withheld_) {
    const bool is_its_skill = std::ranges::find(tool->skills, bare, &Skill::flat_name) != tool->skills.end();
    if (bare != tool->slug && bare != tool->id() && !is_its_skill &&
        std::ranges::find(tool->aliases, slug) == tool->aliases.end())
      continue;
    const auto& policy = policies_.at(tool->id());
    const auto what = policy.is_disabled ? tool->id() : fmt::format("{}@{}", tool->id(), tool->version);
    return disabled(ErrorCode::kToolNotFound, what, "The");
  }
  return base::Error(ErrorCode::kToolNotFound,
                     fmt::format("there is no tool {}.{}", base::shown(name), did_you_mean(slug, lookup_->names())));
}

base::Error Catalogue::no_version(const Tool& tool, std::string_view version) const {
  for (const auto& other : withheld_) {
    if (other->slug != tool.slug || other->owner != tool.owner || !is_version(*other, version)) continue;
    return disabled(ErrorCode::kVersionNotFound, fmt::format("{}@{}", tool.id(), other->version),
                    "Leave the version out, or name another; the");
  }
  std::string list;
  for (const auto* other : lookup_->versions.at(tool.owner).at(tool.slug))
    list += (list.empty() ? "" : ", ") + other->version;
  return base::Error(ErrorCode::kVersionNotFound,
                     fmt::format("{} has no version {}; there are: {}", tool.id(), base::shown(version), list));
}

Result<const Skill*> Catalogue::find_skill(const Tool& tool, std::string_view name) const {
  const auto found = std::ranges::find(tool.skills, name, &Skill::name);
  if (found != tool.skills.end()) return &*found;
  std::vector<std::string_view> names;
  for (const auto& skill : tool.skills) names.push_back(skill.name);
  return fail(ErrorCode::kSkillNotFound,
              fmt::format("{} has no skill {}.{} It has: {}.", tool.id(), base::shown(name), did_you_mean(name, names),
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

const Skill* Catalogue::find_flat(std::string_view flat_name) const noexcept {
  const auto found = lookup_->by_flat_name.find(flat_name);
  return found != lookup_->by_flat_name.end() ? found->second : nullptr;
}

OutcomeTally* Catalogue::tally_of(const Tool& tool) const noexcept {
  const auto found = tallies_.find(&tool);
  return found == tallies_.end() ? nullptr : found->second.get();
}

std::vector<std::pair<const Tool*, const Tool*>> Catalogue::canaries() const {
  std::vector<std::pair<const Tool*, const Tool*>> out;
  for (const auto& one : canaries_) out.emplace_back(one.canary, one.usual);
  return out;
}

const Tool& Catalogue::shown_to(std::string_view key, const Tool& tool) const noexcept {
  for (const auto& one : canaries_)
    if (one.usual == &tool) return one.who->is_shown_to(key, one.seed) ? *one.canary : tool;
  return tool;
}

const Skill& Catalogue::shown_to(std::string_view key, const Skill& skill) const noexcept {
  const auto& tool = shown_to(key, *skill.tool);
  if (&tool == skill.tool) return skill;
  const auto same = std::ranges::find(tool.skills, skill.name, &Skill::name);
  return same == tool.skills.end() ? skill : *same;
}

std::vector<SearchHit> Catalogue::search(const SearchQuery& query) const {
  std::call_once(search_once_, [&] {
    if (search_ == nullptr) search_ = SearchIndex::create(defaults_).value_or(nullptr);
  });
  return search_ == nullptr ? std::vector<SearchHit>() : search_->search(query);
}

}  // namespace toolrack::registry
