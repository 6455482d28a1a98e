#include "services/knowledge/knowledge_index.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::services::knowledge {

using base::Result;

namespace {

/// Of all tools together: what keeps an index small whatever documents say.
constexpr std::size_t kMostSections = 32'768;
/// Words of one question that are looked up as slips: each is held against many others.
constexpr std::size_t kMostSlips = 8;

void append_words(std::string& out, std::string_view words) {
  out += words;
  out += ' ';
}

}  // namespace

Result<std::unique_ptr<const KnowledgeIndex>> KnowledgeIndex::create(Tools tools, std::size_t searched) {
  std::unique_ptr<KnowledgeIndex> index(new KnowledgeIndex);
  index->tools_ = std::move(tools);
  index->index_ = TRY(
      text::TextIndex::open({{"title", 3}, {"headings", 3}, {"keywords", 2}, {"body", 1}}, {}, text::Words::kStems));
  TRY(index->index_->begin());
  for (std::size_t i = 0; i < index->tools_.size(); ++i) {
    TRY(index->add(*index->tools_[i]));
    if (i < searched) index->all_.end = static_cast<std::int64_t>(index->entries_.size());
  }
  TRY(index->index_->commit());
  return std::unique_ptr<const KnowledgeIndex>(std::move(index));
}

Result<void> KnowledgeIndex::add(const registry::Tool& tool) {
  Range range{.first = static_cast<std::int64_t>(entries_.size())};
  for (const auto& document : tool.knowledge) TRY(add(tool, document));
  range.end = static_cast<std::int64_t>(entries_.size());
  ranges_.emplace(&tool, range);
  vocabulary_.seal();  // Each tool's words once, or a large one's would be kept as often as it says them.
  return {};
}

Result<void> KnowledgeIndex::add(const registry::Tool& tool, const registry::Document& document) {
  PassageSize size;
  size.sections = std::min(size.sections, kMostSections - std::min(kMostSections, entries_.size()));
  auto markdown = read_markdown(document.text, size);
  const auto& title = !document.title.empty()   ? document.title
                      : !markdown.title.empty() ? std::as_const(markdown.title)
                                                : document.id;
  std::string keywords;
  for (const auto& word : document.tags) append_words(keywords, word);
  for (const auto& word : markdown.words) append_words(keywords, word);
  for (auto& passage : markdown.passages) {
    std::string headings;
    for (const auto& heading : passage.headings)
      if (heading != title) append_words(headings, heading);
    const std::string_view texts[] = {title, headings, keywords, passage.text};
    for (const auto text : texts) vocabulary_.add(text);
    TRY(index_->put(static_cast<std::int64_t>(entries_.size()), texts));
    entries_.push_back({.tool = &tool, .document = &document, .title = title, .passage = std::move(passage)});
  }
  return {};
}

std::optional<Range> KnowledgeIndex::range_of(const registry::Tool& tool) const {
  const auto found = ranges_.find(&tool);
  return found == ranges_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::string> KnowledgeIndex::with_meant_words(std::string_view question) const {
  std::string out(question);
  std::size_t slips = 0;
  for (const auto word : text::question_words(question)) {
    if (slips == kMostSlips) break;
    if (!TRY(index_->search({.typed = word, .limit = 1})).empty()) continue;
    ++slips;
    if (const auto meant = vocabulary_.correct(word)) out.append(" ").append(*meant);
  }
  return out;
}

Result<std::vector<text::Hit>> KnowledgeIndex::search(std::string_view question, std::size_t limit, Range range) const {
  if (range.is_empty()) return std::vector<text::Hit>();
  // SQLite is asked with what is UTF-8 only; the index says so.
  const auto asked = TRY(with_meant_words(question));
  return index_->search({.typed = asked, .limit = limit, .first_id = range.first, .last_id = range.end - 1});
}

}  // namespace toolrack::services::knowledge
