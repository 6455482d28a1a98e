#include "services/knowledge/knowledge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "base/json.hpp"
#include "services/knowledge/meanings.hpp"
#include "services/log/log.hpp"

namespace toolrack::services::knowledge {

using base::ErrorCode;
using base::Result;

namespace {

/// How long somebody who asks waits for the endpoint.
constexpr std::chrono::milliseconds kQueryTimeout{2'000};
/// How many each of the two ways may put forward.
constexpr std::size_t kCandidates = 50;
constexpr std::size_t kQueryVectors = 256;

}  // namespace

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
        meanings_.emplace(*index_);
        return;
      }
      error_ = std::move(made).error();
      log::write(log::Level::kError, "knowledge cannot be searched", {{"reason", error_->message()}});
    });
    if (error_) return tl::unexpected(*error_);
    return index_;
  }

  /// Of an index that was made.
  Meanings& meanings() noexcept { return *meanings_; }
  std::atomic<bool> is_embedding{false}, has_failed{false};

 private:
  const KnowledgeIndex::Tools tools_;
  const std::size_t searched_;
  std::once_flag once_;
  std::shared_ptr<const KnowledgeIndex> index_;
  std::optional<Meanings> meanings_;
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
  base::json::put(writer, found.is_hybrid ? "hybrid" : "words");
  if (!found.notice.empty()) {
    base::json::key(writer, "notice");
    base::json::put(writer, found.notice);
  }
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
  pool_.post([this, edition] {  // Or whoever asks first makes it.
    if (edition->index()) embed_soon(edition);
  });
}

void Knowledge::close() {
  EditionPtr current, stray;  // Their tools go after the lock.
  base::Lock lock(mutex_);
  current.swap(current_);
  stray.swap(stray_);
}

Result<Knowledge::EditionPtr> Knowledge::edition_for(const Query& query) {
  base::Lock lock(mutex_);
  if (current_ == nullptr) return base::fail(ErrorCode::kUnavailable, "the gateway is starting or stopping");
  if (query.tool == nullptr || query.tool->knowledge.empty() || current_->holds(*query.tool)) return current_;
  if (stray_ == nullptr || !stray_->holds(*query.tool))
    stray_ = std::make_shared<Edition>(KnowledgeIndex::Tools{query.tool}, 1);
  return stray_;
}

void Knowledge::embed_soon(const EditionPtr& edition) {
  if (embedder_ == nullptr || edition->meanings().is_complete() || edition->is_embedding.exchange(true)) return;
  const auto posted = pool_.post([this, edition] {
    const auto is_wanted = [&] {
      base::Lock lock(mutex_);
      return current_ == edition;
    };
    const auto done = edition->meanings().complete(*embedder_, *cache_, is_wanted);
    edition->is_embedding.store(false);
    if (done) return edition->has_failed.store(false);
    if (is_wanted() && !edition->has_failed.exchange(true))
      log::write(log::Level::kWarning, "documents cannot be embedded: they are found by words alone until that works",
                 {{"reason", done.error().message()}});
  });
  if (!posted) edition->is_embedding.store(false);
}

Result<Vector> Knowledge::vector_of(const std::string& text) {
  {
    base::Lock lock(mutex_);
    if (const auto known = query_vectors_.find(text); known != query_vectors_.end()) return known->second;
  }
  auto vectors = TRY(embedder_->embed(std::span(&text, 1), kQueryTimeout));
  base::Lock lock(mutex_);
  if (query_vectors_.size() >= kQueryVectors) query_vectors_.clear();
  query_vectors_.emplace(text, vectors.front());
  return std::move(vectors.front());
}

void Knowledge::add_meaning(const EditionPtr& edition, const Query& query, Range range, Found& found) {
  const auto by_words_alone = [&](std::string_view why) {
    found.notice = fmt::format("Found by words alone: {}.", why);
    if (found.hits.size() > query.limit) found.hits.resize(query.limit);
  };
  {
    base::Lock lock(mutex_);
    if (edition != current_) return by_words_alone("this version of the tool is not offered any more");
  }
  if (!edition->meanings().is_complete()) {
    embed_soon(edition);
    return by_words_alone("the documents are not embedded yet");
  }
  const auto vector = vector_of(query.text);
  if (!vector) return by_words_alone(vector.error().message());
  found.hits = fuse(found.hits, edition->meanings().nearest(*vector, kCandidates, range), query.limit);
  found.is_hybrid = true;
}

Result<Found> Knowledge::search(const Query& query) {
  const auto edition = TRY(edition_for(query));
  const auto index = TRY(edition->index());
  if (!query.among)
    return search_in(edition, query,
                     query.tool == nullptr ? index->all() : index->range_of(*query.tool).value_or(Range{}));
  Found found{.index = index, .hits = {}, .notice = {}};
  for (const auto& tool : *query.among) {
    const auto range = index->range_of(*tool);  // Another catalogue may have been published since.
    if (!range) continue;
    auto one = TRY(search_in(edition, query, *range));
    found.hits.insert(found.hits.end(), one.hits.begin(), one.hits.end());
    found.is_hybrid = one.is_hybrid;
    found.notice = std::move(one.notice);
  }
  std::ranges::stable_sort(found.hits, std::greater(), &text::Hit::score);
  if (found.hits.size() > query.limit) found.hits.resize(query.limit);
  return found;
}

Result<Found> Knowledge::search_in(const EditionPtr& edition, const Query& query, Range range) {
  Found found;
  found.index = TRY(edition->index());
  const bool is_embedded = embedder_ != nullptr && query.may_embed && !range.is_empty();
  const auto limit = is_embedded ? std::max(query.limit, kCandidates) : query.limit;
  found.hits = TRY(found.index->search(query.text, limit, range));
  if (is_embedded) add_meaning(edition, query, range, found);
  return found;
}

bool Knowledge::search_soon(Query query, std::function<void(Result<Found>)> done) {
  return pool_.post([this, query = std::move(query), done = std::move(done)] { done(search(query)); });
}

}  // namespace toolrack::services::knowledge
