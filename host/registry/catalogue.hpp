/// All tools that can be called now: an immutable value, replaced as a whole when anything changes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/published.hpp"
#include "base/result.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

class ResourceIndex;
class SearchIndex;

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
  /// Tools in any order; several versions of one tool may stand beside each other. Refused, with both parties named:
  /// the same (owner, slug, version) twice, and two default versions with the same flat name, alias, resource, URI
  /// template or prompt.
  static base::Result<std::shared_ptr<const Catalogue>> build(std::vector<std::shared_ptr<const Tool>> tools,
                                                              std::vector<std::string> owner_order,
                                                              std::uint64_t generation);
  ~Catalogue();

  /// Grows by one with each catalogue; caches of bytes made from one are keyed by it.
  std::uint64_t generation() const noexcept { return generation_; }

  /// The highest stable version of each tool, ordered by slug, then owner.
  const std::vector<const Tool*>& tools() const noexcept { return defaults_; }
  /// Every version of everything.
  const std::vector<std::shared_ptr<const Tool>>& all() const noexcept { return tools_; }

  /// `seo`, `toolrack/seo`, an alias; with `@1.4.0` (that one) or `@1` (the highest 1.x). kToolNotFound suggests near
  /// names, kVersionNotFound lists the versions there are.
  base::Result<const Tool*> find_tool(std::string_view name) const;
  /// kSkillNotFound lists the tool's skills.
  base::Result<const Skill*> find_skill(const Tool& tool, std::string_view skill) const;
  /// A flat name (`seo_analyze_page`) of a default version, or nullptr. No allocation.
  const Skill* find_flat(std::string_view flat_name) const noexcept;
  /// Every skill of the default versions, ordered by flat name.
  const std::vector<const Skill*>& flat() const noexcept { return flat_; }

  /// The resource of that URI, or whose template matches it: the one with the most characters of its own. nullptr:
  /// none of the default versions has it. Takes time that grows with the URI and the number of templates.
  const Resource* find_resource(std::string_view uri) const;
  /// A template of the default versions by its text, or nullptr.
  const Resource* find_template(std::string_view text) const noexcept;
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
  std::uint64_t generation_ = 0;
  std::vector<std::shared_ptr<const Tool>> tools_;
  std::vector<std::string> owner_order_;
  std::vector<const Tool*> defaults_;
  std::vector<const Skill*> flat_;
  struct Lookup;
  std::unique_ptr<Lookup> lookup_;
  std::unique_ptr<ResourceIndex> resources_;
  std::unique_ptr<SearchIndex> search_;
};

/// As Catalogue::find_resource, within one tool.
const Resource* find_resource(const Tool& tool, std::string_view uri);

/// The part of a flat name behind the tool's prefix; empty when it has another one.
std::string_view own_name(const Tool& tool, std::string_view flat_name) noexcept;

using PublishedCatalogue = base::Published<Catalogue>;

}  // namespace toolrack::registry
