#include "registry/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "registry/lookup.hpp"
#include "registry/near_names.hpp"
#include "registry/resource_index.hpp"
#include "registry/search.hpp"
#include "registry/semver.hpp"

namespace toolrack::registry {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

/// What a caller typed, in a form that is fit for a message.
std::string shown(std::string_view typed) {
  if (!base::is_utf8(typed)) return "(not UTF-8)";
  const auto cut = base::truncate_utf8(typed, 80);
  return base::json::quote(cut.size() == typed.size() ? std::string(cut) : std::string(cut) + "…");
}

/// Sources give valid versions; anything else sorts below all.
Semver version_of(const Tool& tool) { return Semver::parse(tool.version).value_or(Semver()); }

bool is_higher(const Tool& a, const Tool& b) {
  const auto order = version_of(a) <=> version_of(b);
  return order != 0 ? order > 0 : a.version > b.version;
}

/// The first stable of tools that are ordered from the highest down, or the first of all.
const Tool* preferred(const std::vector<const Tool*>& descending) {
  const auto stable =
      std::find_if(descending.begin(), descending.end(), [](const Tool* t) { return version_of(*t).is_stable(); });
  return stable != descending.end() ? *stable : descending.front();
}

/// "1" takes 1.x.y, "1.4" takes 1.4.x, "1.4.0" takes itself, whatever its build metadata.
bool is_wanted(const Tool& tool, std::string_view version) {
  const std::string_view actual = tool.version;
  if (actual == version) return true;
  if (!actual.starts_with(version) || version.find_first_not_of("0123456789.") != std::string_view::npos) return false;
  const auto next = actual[version.size()];
  return next == (std::count(version.begin(), version.end(), '.') < 2 ? '.' : '+');
}

}  // namespace

Catalogue::~Catalogue() = default;

Result<std::shared_ptr<const Catalogue>> Catalogue::build(std::vector<std::shared_ptr<const Tool>> tools,
                                                          std::vector<std::string> owner_order,
                                                          std::uint64_t generation) {
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
  for (auto first = tools.begin(); first != tools.end();) {
    std::vector<const Tool*> versions;
    auto last = first;
    for (; last != tools.end() && (*last)->slug == (*first)->slug && (*last)->owner == (*first)->owner; ++last) {
      versions.push_back(last->get());
    }
    catalogue->defaults_.push_back(preferred(versions));
    first = last;
  }
  catalogue->generation_ = generation;
  catalogue->tools_ = std::move(tools);
  catalogue->owner_order_ = std::move(owner_order);
  catalogue->lookup_ = std::make_unique<Lookup>();
  TRY(catalogue->lookup_->build(catalogue->tools_, catalogue->defaults_, catalogue->owner_order_));
  catalogue->resources_ = std::make_unique<ResourceIndex>();
  TRY(catalogue->resources_->build(catalogue->defaults_));
  for (const auto& [name, skill] : catalogue->lookup_->by_flat_name) catalogue->flat_.push_back(skill);
  std::sort(catalogue->flat_.begin(), catalogue->flat_.end(),
            [](const Skill* a, const Skill* b) { return a->flat_name < b->flat_name; });
  catalogue->search_ = TRY(SearchIndex::create(catalogue->defaults_));
  return std::shared_ptr<const Catalogue>(std::move(catalogue));
}

const Resource* Catalogue::find_resource(std::string_view uri) const { return resources_->find(uri); }
const Resource* Catalogue::find_template(std::string_view text) const noexcept {
  return resources_->find_template(text);
}
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
  if (tool == nullptr) {
    return fail(ErrorCode::kToolNotFound,
                fmt::format("there is no tool {}.{}", shown(name), did_you_mean(slug, lookup_->names())));
  }
  if (at == std::string_view::npos) return tool;

  const auto& versions = lookup_->versions.at(tool->owner).at(tool->slug);
  std::vector<const Tool*> wanted;
  std::string list;
  for (const auto* candidate : versions) {
    if (is_wanted(*candidate, version)) wanted.push_back(candidate);
    list += (list.empty() ? "" : ", ") + candidate->version;
  }
  if (!wanted.empty()) return preferred(wanted);
  return fail(ErrorCode::kVersionNotFound,
              fmt::format("{} has no version {}; there are: {}", tool->id(), shown(version), list));
}

Result<const Skill*> Catalogue::find_skill(const Tool& tool, std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto& skill : tool.skills) {
    if (skill.name == name) return &skill;
    names.push_back(skill.name);
  }
  return fail(ErrorCode::kSkillNotFound,
              fmt::format("{} has no skill {}.{} It has: {}.", tool.id(), shown(name), did_you_mean(name, names),
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

const Skill* Catalogue::find_flat(std::string_view flat_name) const noexcept {
  const auto found = lookup_->by_flat_name.find(flat_name);
  return found != lookup_->by_flat_name.end() ? found->second : nullptr;
}

std::vector<SearchHit> Catalogue::search(const SearchQuery& query) const { return search_->search(query); }

}  // namespace toolrack::registry
