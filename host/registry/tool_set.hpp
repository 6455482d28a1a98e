/// What one key may see and call of the catalogue, and under which names (docs/tool-sets.md).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "registry/tool_pattern.hpp"

namespace toolrack::registry {

/// Immutable; shared by the keys' principals. What it means in a catalogue is worked out once for each
/// (PublishedCatalogue).
class ToolSet {
 public:
  /// Another name or other words for one skill, in every version of it.
  struct Rename {
    ToolPattern skill;               ///< Of exactly one: without asterisk, version and exclusion.
    std::string skill_text;          ///< As it was written.
    std::string name;                ///< Takes the flat name's place; empty: the flat name stays.
    std::string title, description;  ///< Empty: the manifest's.
  };
  /// What one maker of keys has said.
  struct Layer {
    /// What they name and no exclusion takes back. Only exclusions: everything else. None: everything.
    std::vector<ToolPattern> patterns;
    std::vector<std::string> pattern_texts;
    std::vector<Rename> renames;

    bool is_empty() const noexcept { return patterns.empty() && renames.empty(); }
  };

  static constexpr std::size_t kMaxPatterns = 100, kMaxRenames = 100, kMaxLayers = 8;

  /// `patterns`: an array of texts, or null; `renames`: an array of {skill, name?, title?, description?}, or null. What
  /// `within` (the maker's own set; null: everything) does not give, the new one does not give either, whatever it
  /// says. Null when there is nothing to say. kInvalidRequest names the pattern, the name or the text and what is wrong
  /// with it.
  static base::Result<std::shared_ptr<const ToolSet>> create(const base::json::Value* patterns,
                                                             const base::json::Value* renames,
                                                             const std::shared_ptr<const ToolSet>& within);
  /// What to_json wrote. kInvalidRequest.
  static base::Result<std::shared_ptr<const ToolSet>> from_json(const base::json::Value& layers);
  /// An array of layers, members in the order of their names.
  std::string to_json() const;

  /// The set's own layer first, then that of its maker, of the maker's maker ...; what counts is what all of them give.
  std::span<const Layer> layers() const noexcept { return layers_; }
  /// Equal for sets that say the same.
  const base::Sha256& digest() const noexcept { return digest_; }

 private:
  explicit ToolSet(std::vector<Layer> layers);

  std::vector<Layer> layers_;
  base::Sha256 digest_{};
};

using ToolSetRef = std::shared_ptr<const ToolSet>;

/// {patterns, renames} of a layer as its maker wrote them: members "tools" and "rename".
void write_members(base::json::Writer& writer, const ToolSet::Layer& layer);

}  // namespace toolrack::registry
