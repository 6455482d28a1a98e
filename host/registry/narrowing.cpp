#include "registry/narrowing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <unordered_set>
#include <utility>

#include "registry/glob.hpp"
#include "registry/versions.hpp"

namespace toolrack::registry {
namespace {

/// What is left of a tool.
struct Share {
  bool is_whole = false;  ///< Resources, prompts and documents too.
  std::vector<bool> skills;

  bool has_all_skills() const noexcept { return std::ranges::find(skills, false) == skills.end(); }
  bool is_nothing_of(const Tool& tool) const noexcept {
    if (std::ranges::find(skills, true) != skills.end()) return false;
    const bool has_more = !tool.resources.empty() || !tool.prompts.empty() || !tool.knowledge.empty() ||
                          tool.lists_resources || tool.lists_templates || tool.lists_prompts;
    return !is_whole || !has_more;
  }
};

/// The words that a skill is shown with instead of the manifest's.
struct Words {
  std::string_view name, title, description;  ///< Empty: the manifest's.
};

/// Looks at the tools of a catalogue with a set's eyes.
class Reading {
 public:
  explicit Reading(const Catalogue& whole) : whole_(whole) {}

  Share share_of(const Tool& tool, const ToolSet& set);
  /// By skill, in their order; empty when none is renamed.
  std::vector<Words> words_of(const Tool& tool, const ToolSet& set, const Share& share);
  /// Of one layer: was the pattern, or the renamed skill, met so far?
  bool was_met(const ToolPattern& pattern) const { return met_.contains(&pattern); }

 private:
  bool names_tool(const ToolPattern& pattern, const Tool& tool);
  bool leads_to(const std::string& name, const Tool& tool);
  Share share_of(const Tool& tool, const ToolSet::Layer& layer, const Share& given);

  const Catalogue& whole_;
  std::unordered_map<std::string, const Tool*> by_name_;  ///< What names without an owner lead to; null: nothing.
  std::unordered_set<const ToolPattern*> met_;
};

/// Without an owner a name means the tool that it leads to in a call, as it does in manifests' grants.
bool Reading::names_tool(const ToolPattern& pattern, const Tool& tool) {
  if (!pattern.version.empty() && !is_version(tool, pattern.version)) return false;
  if (!pattern.owner.empty()) return matches_glob(pattern.owner, tool.owner) && matches_glob(pattern.tool, tool.slug);
  if (pattern.tool == "*") return true;
  if (pattern.tool.find('*') == std::string::npos) return leads_to(pattern.tool, tool);
  return matches_glob(pattern.tool, tool.slug) && leads_to(tool.slug, tool);
}

bool Reading::leads_to(const std::string& name, const Tool& tool) {
  const auto [known, is_new] = by_name_.try_emplace(name);
  if (is_new) known->second = whole_.find_tool(name).value_or(nullptr);
  const auto* meant = known->second;
  if (meant != nullptr) return meant->slug == tool.slug && meant->owner == tool.owner;
  return tool.slug == name || std::ranges::find(tool.aliases, name) != tool.aliases.end();  // It is withheld.
}

/// Within `given`, what the layer leaves.
Share Reading::share_of(const Tool& tool, const ToolSet::Layer& layer, const Share& given) {
  const bool has_inclusion =
      std::ranges::find(layer.patterns, false, &ToolPattern::is_exclusion) != layer.patterns.end();
  Share named{.is_whole = !has_inclusion, .skills = std::vector<bool>(tool.skills.size(), !has_inclusion)};
  // What is taken back is taken back, wherever in the list that is said.
  for (const bool is_exclusion : {false, true}) {
    for (const auto& pattern : layer.patterns) {
      if (pattern.is_exclusion != is_exclusion || !names_tool(pattern, tool)) continue;
      const bool is_of_whole_tool = pattern.is_of_whole_tool();
      if (is_of_whole_tool) named.is_whole = !is_exclusion;
      for (std::size_t i = 0; i < tool.skills.size(); ++i) {
        if (!is_of_whole_tool && !matches_glob(pattern.skill, tool.skills[i].name)) continue;
        named.skills[i] = !is_exclusion;
        if (given.skills[i]) met_.insert(&pattern);
      }
      if (is_of_whole_tool && given.is_whole) met_.insert(&pattern);
    }
  }
  named.is_whole = named.is_whole && given.is_whole;
  for (std::size_t i = 0; i < named.skills.size(); ++i) named.skills[i] = named.skills[i] && given.skills[i];
  return named;
}

Share Reading::share_of(const Tool& tool, const ToolSet& set) {
  Share out{.is_whole = true, .skills = std::vector<bool>(tool.skills.size(), true)};
  // The maker's first: what a key asks for beyond it is as if it were not there, to who looks at `unmatched` as well.
  for (auto layer = set.layers().rbegin(); layer != set.layers().rend(); ++layer) out = share_of(tool, *layer, out);
  return out;
}

std::vector<Words> Reading::words_of(const Tool& tool, const ToolSet& set, const Share& share) {
  std::vector<Words> out;
  const auto take = [](std::string_view& word, const std::string& given) {
    if (!given.empty()) word = given;
  };
  for (auto layer = set.layers().rbegin(); layer != set.layers().rend(); ++layer) {  // The set's own has the last word.
    for (const auto& rename : layer->renames) {
      if (!names_tool(rename.skill, tool)) continue;
      const auto skill = std::ranges::find(tool.skills, rename.skill.skill, &Skill::name);
      if (skill == tool.skills.end()) continue;
      const auto place = static_cast<std::size_t>(skill - tool.skills.begin());
      if (!share.skills[place]) continue;
      met_.insert(&rename.skill);
      out.resize(tool.skills.size());
      auto& words = out[place];
      take(words.name, rename.name);
      take(words.title, rename.title);
      take(words.description, rename.description);
    }
  }
  return out;
}

/// A copy with what is left, under the names that it is shown by.
std::shared_ptr<Tool> part_of(const Tool& tool, const Share& share, std::span<const Words> words) {
  auto out = std::make_shared<Tool>(tool);
  out->skills.clear();
  for (std::size_t i = 0; i < tool.skills.size(); ++i) {
    if (!share.skills[i]) continue;
    auto& skill = out->skills.emplace_back(tool.skills[i]);
    if (words.empty()) continue;
    if (!words[i].name.empty()) skill.renamed_from = std::exchange(skill.flat_name, words[i].name);
    if (!words[i].title.empty()) skill.title = words[i].title;
    if (!words[i].description.empty()) skill.description = words[i].description;
  }
  if (!share.is_whole) {
    out->resources.clear();
    out->prompts.clear();
    out->services.clear();
    out->knowledge.clear();
    out->lists_resources = out->lists_templates = out->lists_prompts = false;
  }
  for (auto& skill : out->skills) skill.tool = out.get();
  for (auto& service : out->services) service.tool = out.get();
  for (auto& resource : out->resources) resource.tool = out.get();
  for (auto& prompt : out->prompts) prompt.tool = out.get();
  return out;
}

struct Piece {
  std::shared_ptr<const Tool> tool;
  Share share;
  std::vector<Words> words;
};

/// Whoever was given a name keeps it: a tool that comes later cannot take it over.
void drop_clashes(std::vector<Piece>& pieces, std::vector<std::string>& clashes) {
  const auto name_of = [](const Skill& skill) { return fmt::format("{}.{}", skill.tool->id(), skill.name); };
  std::unordered_map<std::string_view, std::string> given;  // By flat name: whose it is.
  for (const auto& piece : pieces)
    for (std::size_t i = 0; i < piece.words.size(); ++i)
      if (piece.share.skills[i] && !piece.words[i].name.empty())
        given.try_emplace(piece.words[i].name, name_of(piece.tool->skills[i]));
  if (given.empty()) return;
  std::set<std::string> told;  // Versions of one skill are one clash.
  for (auto& piece : pieces) {
    for (std::size_t i = 0; i < piece.tool->skills.size(); ++i) {
      const auto& skill = piece.tool->skills[i];
      const bool is_renamed = !piece.words.empty() && !piece.words[i].name.empty();
      const std::string_view name = is_renamed ? piece.words[i].name : std::string_view(skill.flat_name);
      const auto holder = given.find(name);
      auto own = name_of(skill);
      if (!piece.share.skills[i] || holder == given.end() || holder->second == own) continue;
      piece.share.skills[i] = false;
      if (told.insert(own).second)
        clashes.push_back(
            fmt::format("{} is renamed to \"{}\", which {} has as its name too", holder->second, name, own));
    }
  }
}

}  // namespace

Narrowing narrow(const Catalogue& whole, const ToolSet& set) {
  Reading reading(whole);
  std::vector<Piece> pieces;
  for (const auto* tools : {&whole.all(), &whole.withheld()}) {
    for (const auto& tool : *tools) {
      auto share = reading.share_of(*tool, set);
      if (share.is_nothing_of(*tool)) continue;
      auto words = reading.words_of(*tool, set, share);
      pieces.push_back({.tool = tool, .share = std::move(share), .words = std::move(words)});
    }
  }
  Narrowing out;
  drop_clashes(pieces, out.clashes);
  for (const auto& piece : pieces) {
    if (piece.share.is_nothing_of(*piece.tool)) continue;
    const bool is_untouched = piece.share.is_whole && piece.share.has_all_skills() && piece.words.empty();
    auto tool = is_untouched ? piece.tool : part_of(*piece.tool, piece.share, piece.words);
    if (!is_untouched) out.originals.emplace(tool.get(), piece.tool.get());
    out.tools.push_back(std::move(tool));
  }
  for (const auto& pattern : set.layers().front().pattern_texts) {
    const auto place = static_cast<std::size_t>(&pattern - set.layers().front().pattern_texts.data());
    if (!reading.was_met(set.layers().front().patterns[place])) out.unmatched.push_back(pattern);
  }
  for (const auto& rename : set.layers().front().renames)
    if (!reading.was_met(rename.skill)) out.unmatched.push_back(rename.skill_text);
  return out;
}

}  // namespace toolrack::registry
