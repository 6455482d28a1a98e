#include "services/knowledge/vector_cache.hpp"

#include <cassert>
#include <cstring>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace toolrack::services::knowledge {

namespace json = base::json;
using base::Result;

namespace {

constexpr std::string_view kCollection = "knowledge_vectors";
/// Of one commit: what others wait behind.
constexpr std::size_t kDropsAtOnce = 256;

/// {"vector": base64 of little-endian floats}.
std::string to_document(const Vector& vector) {
  const std::string_view bytes(reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float));
  return R"({"vector":")" + base::to_base64(bytes) + "\"}";
}

std::optional<Vector> from_document(std::string_view text) {
  const auto document = json::parse(text);
  if (!document) return std::nullopt;
  const auto bytes = base::from_base64(json::find_string(*document, "vector").value_or(""));
  if (!bytes || bytes->empty() || bytes->size() % sizeof(float) != 0) return std::nullopt;
  Vector vector(bytes->size() / sizeof(float));
  std::memcpy(vector.data(), bytes->data(), bytes->size());
  return normalize(vector) ? std::optional(std::move(vector)) : std::nullopt;
}

}  // namespace

std::string VectorCache::key_of(std::string_view text) const {
  return base::to_hex(base::as_bytes(base::sha256(space_ + '\n' + std::string(text))));
}

Result<std::vector<std::optional<Vector>>> VectorCache::find(std::span<const std::string> keys) {
  const auto snapshot = TRY(store_.snapshot());
  std::vector<std::optional<Vector>> out;
  for (const auto& key : keys) {
    const auto document = TRY(snapshot->get(kCollection, key));
    out.push_back(document ? from_document(document->json) : std::nullopt);
  }
  return out;
}

Result<void> VectorCache::put(std::span<const std::string> keys, std::span<const Vector> vectors) {
  assert(keys.size() == vectors.size());
  store::Commit commit;
  for (std::size_t i = 0; i < keys.size(); ++i)
    commit.push_back(store::Put{std::string(kCollection), keys[i], to_document(vectors[i])});
  TRY(store_.commit(std::move(commit)));
  return {};
}

Result<void> VectorCache::keep_only(const std::set<std::string>& keys) {
  std::vector<std::string> others;
  {
    const auto snapshot = TRY(store_.snapshot());
    TRY(snapshot->scan(kCollection, "", "", store::Snapshot::Order::kForward, [&](std::string_view key, const auto&) {
      if (!keys.contains(std::string(key))) others.emplace_back(key);
      return true;
    }));
  }
  for (std::size_t i = 0; i < others.size();) {
    store::Commit commit;
    for (; i < others.size() && commit.size() < kDropsAtOnce; ++i)
      commit.push_back(store::Delete{std::string(kCollection), others[i]});
    TRY(store_.commit(std::move(commit)));
  }
  return {};
}

}  // namespace toolrack::services::knowledge
