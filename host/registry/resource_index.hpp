/// The resources and prompts of a catalogue's default versions, by what a caller names. Private to the registry.
#pragma once

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// Names point into the tools, which the catalogue keeps. Immutable after `build`; any thread.
class ResourceIndex {
 public:
  /// kConflict names both tools when a URI, a template or a prompt's flat name belongs to two; where clashes are not
  /// refused the first keeps it.
  base::Result<void> build(std::span<const Tool* const> tools, bool refuses_clashes);

  /// The resource of just that URI, else the template that matches it with the most characters of its own. Null: none.
  const Resource* find(std::string_view uri) const;
  /// By its text.
  const Resource* find_template(std::string_view text) const noexcept;
  /// As Catalogue::find_family.
  const Resource* find_family(std::string_view text) const;
  const Prompt* find_prompt(std::string_view flat_name) const noexcept;
  /// The tool that lists prompts itself and whose prefix, the longest that fits, the name has. Null: none.
  const Tool* find_prompt_lister(std::string_view flat_name) const noexcept;

  std::vector<const Resource*> resources;  ///< By URI.
  std::vector<const Resource*> templates;  ///< By text.
  std::vector<const Prompt*> prompts;      ///< By flat name.

 private:
  std::unordered_map<std::string_view, const Resource*> by_uri_, by_template_;
  std::unordered_map<std::string_view, const Prompt*> by_flat_name_;
  std::vector<const Resource*> match_order_;
  std::vector<const Tool*> prompt_listers_;  ///< The longest prefix first.
};

}  // namespace toolrack::registry
