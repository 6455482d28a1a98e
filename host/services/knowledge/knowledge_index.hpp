/// The passages of all documents of some tools, found by words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "registry/tool.hpp"
#include "registry/vocabulary.hpp"
#include "services/knowledge/markdown.hpp"
#include "text/text_index.hpp"

namespace toolrack::services::knowledge {

/// One passage with what it belongs to.
struct Entry {
  const registry::Tool* tool = nullptr;
  const registry::Document* document = nullptr;
  std::string title;  ///< Of the document; its id when it has none.
  Passage passage;
};

/// Passages by their positions in the index; a tool's stand together.
struct Range {
  std::int64_t first = 0, end = 0;
  bool is_empty() const noexcept { return first >= end; }
  bool contains(std::int64_t id) const noexcept { return id >= first && id < end; }
};

/// Immutable after `create`; any thread.
class KnowledgeIndex {
 public:
  using Tools = std::vector<std::shared_ptr<const registry::Tool>>;

  /// The index keeps the tools. `searched` of them, the first ones, are what `all` covers.
  static base::Result<std::unique_ptr<const KnowledgeIndex>> create(Tools tools, std::size_t searched);

  const std::vector<Entry>& entries() const noexcept { return entries_; }
  Range all() const noexcept { return all_; }
  /// nullopt when the tool is not one of the index; empty when it has no documents.
  std::optional<Range> range_of(const registry::Tool& tool) const;

  /// Best first. Words count by their stems; one that no passage has is read as the nearest one that some passage has
  /// as well. kInvalidUtf8.
  base::Result<std::vector<text::Hit>> search(std::string_view question, std::size_t limit, Range range) const;

 private:
  KnowledgeIndex() = default;
  base::Result<void> add(const registry::Tool& tool);
  base::Result<void> add(const registry::Tool& tool, const registry::Document& document);
  /// `question`, and the words that were meant by those that no passage has.
  base::Result<std::string> with_meant_words(std::string_view question) const;

  Tools tools_;
  std::vector<Entry> entries_;
  std::unordered_map<const registry::Tool*, Range> ranges_;
  Range all_;
  std::unique_ptr<text::TextIndex> index_;
  registry::Vocabulary vocabulary_;
};

}  // namespace toolrack::services::knowledge
