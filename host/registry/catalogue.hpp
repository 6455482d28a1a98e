/// All tools that can be called now: an immutable value, replaced as a whole when anything changes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "registry/outcome_tally.hpp"
#include "registry/tool.hpp"
#include "registry/version_policy.hpp"

namespace toolrack::registry {

class ResourceIndex;
class SearchIndex;
class ToolSet;

/// What a caller may ask for beside words.
struct SearchQuery {
  std::string_view text;      ///< Empty or "*": everything.
  std::string_view category;  ///< Empty: any.
  std::size_t limit = 20;
};

struct SearchHit {
  const Tool* tool = nullptr;
  double score = 0;                  ///< Higher is better.
  std::vector<const Skill*> skills;  ///< Those whose own words matched, best first.
};

/// Immutable after `build`; any thread.
class Catalogue {
 public:
  /// Tools in any order; several versions of one tool may stand beside each other, and `policies` say which of them is
  /// the default, and which cannot be called. `tallies`: of whichever of them calls are to be counted. Refused, with
  /// both parties named: the same (owner, slug, version) twice, and two default versions with the same flat name,
  /// alias, resource, URI template or prompt.
  static base::Result<std::shared_ptr<const Catalogue>> build(std::vector<std::shared_ptr<const Tool>> tools,
                                                              std::vector<std::string> owner_order,
                                                              std::uint64_t generation,
                                                              const VersionPolicies& policies = {},
                                                              const OutcomeTallies& tallies = {});
  /// What a key with that set sees of `whole`, a catalogue that `build` made: of the same generation, with the tools,
  /// versions, skills and offers that the set gives and under the names it gives. Nothing in it tells of the others:
  /// suggestions, search and errors know only what is in it. Where a version that the set chooses clashes with another
  /// tool, the first in the order of the tools keeps the name.
  static std::shared_ptr<const Catalogue> narrow(std::shared_ptr<const Catalogue> whole, const ToolSet& set);
  ~Catalogue();

  /// Grows by one with each catalogue; caches of bytes made from one are keyed by it, and by `set_digest`.
  std::uint64_t generation() const noexcept { return generation_; }
  /// ToolSet::digest of the set that it was narrowed to, in bytes; empty: it is whole.
  std::string_view set_digest() const noexcept { return set_digest_; }
  /// What it was narrowed from, or null.
  const Catalogue* whole() const noexcept { return whole_.get(); }

  /// The default version of each tool (usual_version), ordered by slug, then owner.
  const std::vector<const Tool*>& tools() const noexcept { return defaults_; }
  /// Every version of everything that can be called.
  const std::vector<std::shared_ptr<const Tool>>& all() const noexcept { return tools_; }
  /// Those that cannot, in the same order.
  const std::vector<std::shared_ptr<const Tool>>& withheld() const noexcept { return withheld_; }

  /// `seo`, `toolrack/seo`, an alias; with `@1.4.0` (that one) or `@1` (the usual one of 1.x). kToolNotFound suggests
  /// near names, kVersionNotFound lists the versions there are, the same codes named
  /// tool_disabled say how to have it back.
  base::Result<const Tool*> find_tool(std::string_view name) const;
  /// kSkillNotFound lists the tool's skills.
  base::Result<const Skill*> find_skill(const Tool& tool, std::string_view skill) const;
  /// A flat name (`seo_analyze_page`) of a default version, or nullptr. No allocation.
  const Skill* find_flat(std::string_view flat_name) const noexcept;
  /// What an unversioned name that leads to `skill` means for the caller with that key: the same skill of the canary,
  /// when there is one that he is shown and that has the skill. No allocation.
  const Skill& shown_to(std::string_view key, const Skill& skill) const noexcept;
  /// The same for a tool.
  const Tool& shown_to(std::string_view key, const Tool& tool) const noexcept;
  /// Where its calls are counted, or null. No allocation.
  OutcomeTally* tally_of(const Tool& tool) const noexcept;
  /// Who else is shown what: the canaries that have an effect, with the versions that the others get.
  std::vector<std::pair<const Tool*, const Tool*>> canaries() const;
  /// Every skill of the default versions, ordered by flat name.
  const std::vector<const Skill*>& flat() const noexcept { return flat_; }

  /// The resource of that URI, or whose template matches it: the one with the most characters of its own. nullptr:
  /// none of the default versions has it. Takes time that grows with the URI and the number of templates.
  const Resource* find_resource(std::string_view uri) const;
  /// A template of the default versions by its text, or nullptr.
  const Resource* find_template(std::string_view text) const noexcept;
  /// Whose a template is that its plugin lists itself: the template of its manifest, with the most characters of its
  /// own, that matches every URI which `text` does. nullptr: there is none, or `text` is no template.
  const Resource* find_family(std::string_view text) const;
  /// A prompt of the default versions by its flat name, or nullptr.
  const Prompt* find_prompt(std::string_view flat_name) const noexcept;
  /// The default version of a tool that lists prompts itself, by the prefix of the name; nullptr: there is none.
  const Tool* find_prompt_lister(std::string_view flat_name) const noexcept;
  /// Those of the default versions, ordered by URI, by the template's text, by flat name.
  const std::vector<const Resource*>& resources() const noexcept;
  const std::vector<const Resource*>& templates() const noexcept;
  const std::vector<const Prompt*>& prompts() const noexcept;

  /// Best first. Words match names, titles, descriptions, categories, skills; all words are wanted, prefixes count.
  std::vector<SearchHit> search(const SearchQuery& query) const;

 private:
  Catalogue() = default;
  enum class OnClash : std::uint8_t { kRefuse, kFirstWins };
  base::Result<void> assemble(std::vector<std::shared_ptr<const Tool>> tools, OnClash on_clash);

  std::uint64_t generation_ = 0;
  std::string set_digest_;
  std::shared_ptr<const Catalogue> whole_;
  base::Error not_found(std::string_view name) const;
  base::Error no_version(const Tool& tool, std::string_view version) const;

  std::vector<std::shared_ptr<const Tool>> tools_, withheld_;
  VersionPolicies policies_;
  struct CanaryOf {
    const Tool *usual, *canary;
    const Canary* who;  ///< In policies_.
    std::uint64_t seed;
  };
  std::vector<CanaryOf> canaries_;  ///< A few at most.
  OutcomeTallies tallies_;
  std::vector<std::string> owner_order_;
  std::vector<const Tool*> defaults_;
  std::vector<const Skill*> flat_;
  struct Lookup;
  std::unique_ptr<Lookup> lookup_;
  std::unique_ptr<ResourceIndex> resources_;
  /// Of a narrowed catalogue, in which few search, it is made by the first who does. Null: it cannot be made.
  mutable std::once_flag search_once_;
  mutable std::unique_ptr<SearchIndex> search_;
};

/// As Catalogue::find_resource and find_family, within one tool.
const Resource* find_resource(const Tool& tool, std::string_view uri);
const Resource* find_family(const Tool& tool, std::string_view text);

/// The part of a flat name behind the tool's prefix; empty when it has another one.
std::string_view own_name(const Tool& tool, std::string_view flat_name) noexcept;

}  // namespace toolrack::registry
