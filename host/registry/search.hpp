/// Keyword search over the tools of one catalogue. Private to the registry.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "registry/catalogue.hpp"
#include "registry/vocabulary.hpp"
#include "text/text_index.hpp"

namespace toolrack::registry {

/// Two indexes: one finds tools by all they say, their skills' parameters included, the other says which skills matched
/// by their own words. Immutable after `create`; any thread. The tools must outlive it.
class SearchIndex {
 public:
  static base::Result<std::unique_ptr<SearchIndex>> create(std::span<const Tool* const> tools);
  /// Tools with all the words; when there are none, tools with any of them, so that a sentence finds something too.
  /// Before that, words that no tool uses are read as the nearest ones that some tool uses.
  std::vector<SearchHit> search(const SearchQuery& query) const;

 private:
  SearchIndex() = default;
  base::Result<void> add_tools();
  base::Result<void> add_skills();
  std::vector<SearchHit> all(const SearchQuery& query) const;
  void add_matching_skills(std::string_view text, std::vector<SearchHit>& hits) const;

  std::vector<const Tool*> tools_;    // Their positions are the ids in tool_index_.
  std::vector<const Skill*> skills_;  // Their positions are the ids in skill_index_.
  std::unique_ptr<text::TextIndex> tool_index_, skill_index_;
  Vocabulary vocabulary_;
};

}  // namespace toolrack::registry
