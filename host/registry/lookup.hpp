/// The tables behind Catalogue's find functions. Private to the registry.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "registry/catalogue.hpp"

namespace toolrack::registry {

/// Names point into the tools, which the catalogue keeps. Immutable after `build`; any thread.
struct Catalogue::Lookup {
  /// All versions of one (owner, slug), the highest first.
  using Versions = std::vector<const Tool*>;

  /// Fills the tables from `defaults` and `all` (ordered by slug, owner, version descending). kConflict names both
  /// parties; where clashes are not refused the first keeps the name.
  base::Result<void> build(std::span<const std::shared_ptr<const Tool>> all, std::span<const Tool* const> defaults,
                           std::span<const std::string> owner_order, bool refuses_clashes);

  /// The default version for a bare or qualified slug or alias, or nullptr. `owner` empty: any.
  const Tool* find_default(std::string_view owner, std::string_view name) const noexcept;
  /// Slugs and aliases, for suggestions.
  std::vector<std::string_view> names() const;

  std::unordered_map<std::string_view, std::vector<const Tool*>> by_slug;  ///< Defaults, the preferred owner first.
  std::unordered_map<std::string_view, const Tool*> by_alias;
  std::unordered_map<std::string_view, const Skill*> by_flat_name;
  std::unordered_map<std::string_view, std::unordered_map<std::string_view, Versions>>
      versions;  ///< By owner, then slug.

 private:
  base::Result<void> add_flat_names(const Tool& tool, bool refuses_clashes);
  base::Result<void> add_aliases(const Tool& tool, bool refuses_clashes);
};

}  // namespace toolrack::registry
