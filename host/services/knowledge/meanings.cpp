#include "services/knowledge/meanings.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace toolrack::services::knowledge {

using base::Result;

namespace {

constexpr std::chrono::seconds kBatchTimeout{30};
constexpr double kFusionConstant = 60;

/// What stands for a passage: where it stands belongs to what it means.
std::string text_of(const Entry& entry) {
  auto out = entry.title;
  for (const auto& heading : entry.passage.headings)
    if (heading != entry.title) out.append(" > ").append(heading);
  return out.append("\n\n").append(entry.passage.text);
}

}  // namespace

std::vector<text::Hit> fuse(const std::vector<text::Hit>& by_words, const std::vector<text::Hit>& by_meaning,
                            std::size_t limit) {
  std::map<std::int64_t, double> scores;
  for (const auto* list : {&by_words, &by_meaning})
    for (std::size_t place = 0; place < list->size(); ++place)
      scores[(*list)[place].id] += 1 / (kFusionConstant + 1 + static_cast<double>(place));
  std::vector<text::Hit> out;
  for (const auto& [id, score] : scores) out.push_back({id, score});
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  if (out.size() > limit) out.resize(limit);
  return out;
}

Result<void> Meanings::complete(Embedder& embedder, VectorCache& cache, const std::function<bool()>& is_wanted) {
  if (is_complete()) return {};
  const auto superseded = [] { return base::fail(base::ErrorCode::kCancelled, "other documents are offered now"); };
  const auto& entries = index_.entries();
  std::vector<Vector> vectors(entries.size());
  std::set<std::string> all;
  for (std::size_t first = 0; first < entries.size(); first += Embedder::kMaxBatch) {
    if (!is_wanted()) return superseded();
    const auto count = std::min(Embedder::kMaxBatch, entries.size() - first);
    std::vector<std::string> keys, missing_keys, missing_texts;
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(cache.key_of(text_of(entries[first + i])));
    auto known = TRY(cache.find(keys));
    for (std::size_t i = 0; i < count; ++i) {
      if (known[i]) {
        vectors[first + i] = *std::move(known[i]);
        continue;
      }
      missing.push_back(first + i);
      missing_keys.push_back(keys[i]);
      missing_texts.push_back(text_of(entries[first + i]));
    }
    all.insert(keys.begin(), keys.end());
    if (missing.empty()) continue;
    auto made = TRY(embedder.embed(missing_texts, kBatchTimeout));
    TRY(cache.put(missing_keys, made));
    for (std::size_t i = 0; i < missing.size(); ++i) vectors[missing[i]] = std::move(made[i]);
  }
  if (!is_wanted()) return superseded();
  TRY(cache.keep_only(all));
  vectors_ = std::move(vectors);
  is_complete_.store(true, std::memory_order_release);
  return {};
}

std::vector<text::Hit> Meanings::nearest(const Vector& to, std::size_t limit, Range range) const {
  std::vector<text::Hit> out;
  if (!is_complete()) return out;
  for (auto id = range.first; id < range.end; ++id) {
    const auto& vector = vectors_[static_cast<std::size_t>(id)];
    if (vector.size() != to.size()) continue;  // The endpoint has changed its mind about the model.
    float sum = 0;
    for (std::size_t i = 0; i < to.size(); ++i) sum += vector[i] * to[i];
    out.push_back({id, double{sum}});
  }
  const auto end = out.begin() + static_cast<std::ptrdiff_t>(std::min(limit, out.size()));
  std::partial_sort(out.begin(), end, out.end(),
                    [](const auto& a, const auto& b) { return a.score != b.score ? a.score > b.score : a.id < b.id; });
  out.erase(end, out.end());
  return out;
}

}  // namespace toolrack::services::knowledge
