#include "services/assets/url_signer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "services/assets/asset.hpp"

namespace toolrack::services::assets {
namespace {

namespace json = base::json;

constexpr std::string_view kCollection = "secrets", kDocument = "asset_url_keys";
constexpr std::string_view kPath = "/v1/assets/";
constexpr std::size_t kSecretBytes = 32;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// The piece between `from` and `to` of a target, which then begins behind `to`; an empty `to` takes the rest.
std::optional<std::string_view> cut(std::string_view& target, std::string_view from, std::string_view to) {
  if (!target.starts_with(from)) return std::nullopt;
  target.remove_prefix(from.size());
  const auto end = to.empty() ? target.size() : target.find(to);
  if (end == std::string_view::npos) return std::nullopt;
  const auto piece = target.substr(0, end);
  target.remove_prefix(end);
  return piece;
}

}  // namespace

base::Result<std::unique_ptr<UrlSigner>> UrlSigner::open(store::Store& store, const base::Clock& clock) {
  std::unique_ptr<UrlSigner> signer(new UrlSigner(store, clock));
  TRY(signer->load());
  if (signer->keys().empty()) TRY(signer->rotate());
  return signer;
}

base::Result<void> UrlSigner::load() {
  const auto document = TRY(store_.get(kCollection, kDocument));
  if (!document) return {};
  const auto parsed = TRY(json::parse(document->json));
  std::vector<Key> read;
  const auto* list = json::find(parsed, "keys");
  if (list != nullptr && list->IsArray())
    for (const auto& one : list->GetArray())
      read.push_back({.id = std::string(json::find_string(one, "id").value_or("")),
                      .secret = TRY(base::from_base64(json::find_string(one, "secret").value_or(""))),
                      .made_ns = json::find_int(one, "made_ns").value_or(0)});
  const auto is_whole = [](const Key& key) { return !key.id.empty() && key.secret.size() == kSecretBytes; };
  if (read.empty() || !std::ranges::all_of(read, is_whole))
    return base::fail(base::ErrorCode::kStoreFailed, "the keys of signed URLs in the store are damaged",
                      "Restore the data directory from a backup.");
  base::Lock lock(mutex_);
  keys_ = std::move(read);
  return {};
}

base::Result<void> UrlSigner::rotate() {
  auto next = keys();
  const auto secret = base::random_hex(kSecretBytes);
  Key key{.id = base::random_hex(4), .secret = {}, .made_ns = clock_.unix_ns()};
  // From hex to bytes: half as long, all of it random.
  for (std::size_t i = 0; i < secret.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(secret.data() + i, secret.data() + i + 2, byte, 16);
    key.secret += static_cast<char>(byte);
  }
  next.insert(next.begin(), std::move(key));
  if (next.size() > 2) next.resize(2);

  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "keys");
  writer.StartArray();
  for (const auto& one : next) {
    writer.StartObject();
    json::key(writer, "id");
    json::put(writer, one.id);
    json::key(writer, "made_ns");
    writer.Int64(one.made_ns);
    json::key(writer, "secret");
    json::put(writer, base::to_base64(one.secret));
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  TRY(store_.commit({store::Put{std::string(kCollection), std::string(kDocument), std::string(json::view(buffer))}}));
  base::Lock lock(mutex_);
  keys_ = std::move(next);
  return {};
}

base::Result<void> UrlSigner::rotate_when_due() {
  const auto age = clock_.unix_ns() - keys().front().made_ns;
  if (age < std::chrono::nanoseconds(kKeyLifetime).count()) return {};
  return rotate();
}

std::vector<UrlSigner::Key> UrlSigner::keys() const {
  base::Lock lock(mutex_);
  return keys_;
}

std::string UrlSigner::make_target(const Key& key, std::string_view asset_id, std::int64_t expires) {
  auto target = fmt::format("{}{}?expires={}&key={}", kPath, asset_id, expires, key.id);
  const auto signature = base::to_base64url(base::hmac_sha256(key.secret, target));
  return target.append("&signature=").append(signature);
}

std::string UrlSigner::sign(std::string_view asset_id, std::int64_t expires_ns) const {
  const auto end = clock_.unix_ns() + std::chrono::nanoseconds(kLifetime).count();
  return make_target(keys().front(), asset_id, std::min(end, expires_ns) / kNsPerSecond);
}

std::optional<std::string> UrlSigner::verify(std::string_view target) const {
  auto rest = target;
  const auto id = cut(rest, kPath, "?expires=");
  if (!id || !is_asset_id(*id)) return std::nullopt;
  const auto time = cut(rest, "?expires=", "&key=");
  if (!time) return std::nullopt;
  const auto key_id = cut(rest, "&key=", "&signature=");
  if (!key_id) return std::nullopt;
  std::int64_t expires = 0;
  const auto [end, error] = std::from_chars(time->data(), time->data() + time->size(), expires);
  if (error != std::errc() || end != time->data() + time->size()) return std::nullopt;
  const auto all = keys();
  const auto key = std::ranges::find(all, *key_id, &Key::id);
  if (key == all.end()) return std::nullopt;
  if (!base::equal_constant_time(make_target(*key, *id, expires), target)) return std::nullopt;
  if (expires <= clock_.unix_ns() / kNsPerSecond) return std::nullopt;
  return std::string(*id);
}

}  // namespace toolrack::services::assets
