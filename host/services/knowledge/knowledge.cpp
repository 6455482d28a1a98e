#include "services/knowledge/knowledge.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/json.hpp"
#include "services/log/log.hpp"

namespace toolrack::services::knowledge {

using base::ErrorCode;
using base::Result;

/// Some tools, and their index once it is made.
class Knowledge::Edition {
 public:
  Edition(KnowledgeIndex::Tools tools, std::size_t searched) : tools_(std::move(tools)), searched_(searched) {}

  bool holds(const registry::Tool& tool) const noexcept {
    return std::ranges::any_of(tools_, [&](const auto& one) { return one.get() == &tool; });
  }

  /// Made by the first who asks; others wait for him.
  Result<std::shared_ptr<const KnowledgeIndex>> index() {
    std::call_once(once_, [&] {
      auto made = KnowledgeIndex::create(tools_, searched_);
      if (made) {
        index_ = *std::move(made);
        return;
      }
      error_ = std::move(made).error();
      log::write(log::Level::kError, "knowledge cannot be searched", {{"reason", error_->message()}});
    });
    if (error_) return tl::unexpected(*error_);
    return index_;
  }

 private:
  const KnowledgeIndex::Tools tools_;
  const std::size_t searched_;
  std::once_flag once_;
  std::shared_ptr<const KnowledgeIndex> index_;
  std::optional<base::Error> error_;
};

std::string to_json(const Found& found) {
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  base::json::key(writer, "results");
  writer.StartArray();
  for (const auto& hit : found.hits) {
    const auto& entry = found.index->entries()[static_cast<std::size_t>(hit.id)];
    writer.StartObject();
    const auto member = [&](std::string_view name, std::string_view value) {
      base::json::key(writer, name);
      base::json::put(writer, value);
    };
    member("tool", entry.tool->id());
    member("document", entry.document->id);
    member("title", entry.title);
    base::json::key(writer, "headings");
    writer.StartArray();
    for (const auto& heading : entry.passage.headings) base::json::put(writer, heading);
    writer.EndArray();
    member("text", entry.passage.text);
    base::json::key(writer, "score");
    writer.Double(hit.score);
    writer.EndObject();
  }
  writer.EndArray();
  base::json::key(writer, "method");
  base::json::put(writer, "words");
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

void Knowledge::publish(const registry::Catalogue& catalogue) {
  KnowledgeIndex::Tools tools;
  const auto add = [&](bool is_default) {
    for (const auto& tool : catalogue.all())
      if (!tool->knowledge.empty() && is_default == (std::ranges::count(catalogue.tools(), tool.get()) > 0))
        tools.push_back(tool);
  };
  add(true);
  const auto searched = tools.size();
  add(false);
  const auto edition = std::make_shared<Edition>(std::move(tools), searched);
  {
    base::Lock lock(mutex_);
    current_ = edition;
    stray_.reset();
  }
  pool_.post([edition] { (void)edition->index(); });  // Or whoever asks first makes it.
}

void Knowledge::close() {
  EditionPtr current, stray;  // Their tools go after the lock.
  base::Lock lock(mutex_);
  current.swap(current_);
  stray.swap(stray_);
}

Result<std::shared_ptr<const KnowledgeIndex>> Knowledge::index_for(const Query& query) {
  EditionPtr edition;
  {
    base::Lock lock(mutex_);
    if (current_ == nullptr) return base::fail(ErrorCode::kUnavailable, "the gateway is starting or stopping");
    edition = current_;
    if (query.tool != nullptr && !query.tool->knowledge.empty() && !edition->holds(*query.tool)) {
      if (stray_ == nullptr || !stray_->holds(*query.tool))
        stray_ = std::make_shared<Edition>(KnowledgeIndex::Tools{query.tool}, 1);
      edition = stray_;
    }
  }
  return edition->index();
}

Result<Found> Knowledge::search(const Query& query) {
  Found found;
  found.index = TRY(index_for(query));
  const auto range = query.tool == nullptr ? found.index->all() : found.index->range_of(*query.tool).value_or(Range{});
  found.hits = TRY(found.index->search(query.text, query.limit, range));
  return found;
}

bool Knowledge::search_soon(Query query, std::function<void(Result<Found>)> done) {
  return pool_.post([this, query = std::move(query), done = std::move(done)] { done(search(query)); });
}

}  // namespace toolrack::services::knowledge
