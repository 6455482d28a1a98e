#include "services/assets/assets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace toolrack::services::assets {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::string_view kById = "assets", kByAccount = "assets_by_account", kByExpiry = "assets_by_expiry",
                           kUsed = "assets_used";
/// Removed in one go, so that a sweep holds a snapshot for a moment only.
constexpr std::size_t kSweepBatch = 256;

std::string account_key(std::string_view account, std::string_view id) { return fmt::format("{}/{}", account, id); }

/// Byte order is the order of time.
std::string expiry_key(std::int64_t expires_ns, std::string_view id) {
  return fmt::format("{:020}/{}", expires_ns, id);
}

tl::unexpected<base::Error> not_found(std::string_view id) {
  return tl::unexpected(base::Error(ErrorCode::kKeyNotFound, fmt::format("there is no asset \"{}\"", id),
                                    "Assets expire; have it made or upload it again. List them with GET /v1/assets.")
                            .with_name("asset_not_found"));
}

}  // namespace

Assets::Assets(store::Store& records, AssetStore& bytes, const base::Clock& clock, AssetSettings settings)
    : records_(records), bytes_(bytes), clock_(clock), settings_(settings) {}

Result<std::size_t> Assets::recover() {
  return bytes_.recover(
      [this](std::string_view id) -> Result<bool> { return TRY(records_.get(kById, id)).has_value(); });
}

Result<std::unique_ptr<AssetWriter>> Assets::create(const New& what) {
  const auto kept = TRY(used(what.account));
  Asset asset;
  asset.id = make_asset_id();
  asset.account = what.account;
  asset.name = clean_name(what.name);
  asset.media_type = clean_media_type(what.media_type);
  asset.created_ns = clock_.unix_ns();
  asset.expires_ns = asset.created_ns + std::chrono::nanoseconds(settings_.lifetime).count();
  auto bytes = TRY(bytes_.write(asset.id, asset.media_type));
  const auto limit = what.max_bytes == 0 ? settings_.asset_bytes : std::min(what.max_bytes, settings_.asset_bytes);
  const auto left = settings_.account_bytes - std::min(kept, settings_.account_bytes);
  return std::unique_ptr<AssetWriter>(new AssetWriter(*this, std::move(asset), std::move(bytes), limit, left));
}

Result<void> Assets::commit(const Asset& asset) {
  const auto size = static_cast<std::int64_t>(asset.bytes);
  // Several writers may have begun within the quota; only the commit knows whether they all fit.
  const auto receipt = records_.commit(
      {store::AddI64{std::string(kUsed), asset.account, -size, -static_cast<std::int64_t>(settings_.account_bytes)},
       store::PutIfAbsent{std::string(kById), asset.id, to_document(asset)},
       store::Put{std::string(kByAccount), account_key(asset.account, asset.id), "{}"},
       store::Put{std::string(kByExpiry), expiry_key(asset.expires_ns, asset.id), "{}"}});
  if (receipt && receipt->accepted()) return {};
  // A commit that failed may be durable all the same; then its record must keep its bytes.
  if (!receipt) return tl::unexpected(receipt.error());
  static_cast<void>(bytes_.remove(asset.id));
  if (receipt->refusal != store::Refusal::kFloor)
    return fail(ErrorCode::kInternal, fmt::format("the id {} was given out twice", asset.id));
  return tl::unexpected(base::Error(ErrorCode::kBodyTooLarge,
                                    fmt::format("the account may keep {} bytes of assets", settings_.account_bytes),
                                    "Delete assets that are not needed any more, or wait until some expire.")
                            .with_name("asset_quota_exceeded"));
}

Result<Asset> Assets::find_any(std::string_view id) {
  if (!is_asset_id(id)) return not_found(id);
  const auto document = TRY(records_.get(kById, id));
  if (!document) return not_found(id);
  auto asset = TRY(from_document(id, document->json));
  if (asset.expires_ns <= clock_.unix_ns()) return not_found(id);
  return asset;
}

Result<Asset> Assets::find(std::string_view account, std::string_view id) {
  auto asset = TRY(find_any(id));
  if (asset.account != account) return not_found(id);
  return asset;
}

Result<std::unique_ptr<AssetStore::Reader>> Assets::open(const Asset& asset) { return bytes_.open(asset.id); }

std::optional<std::string> Assets::link(const Asset& asset, std::string_view disposition) const {
  return bytes_.link(asset.id, {.media_type = asset.media_type, .disposition = disposition});
}

Result<std::vector<Asset>> Assets::list(std::string_view account, std::string_view after, std::size_t limit) {
  const auto snapshot = TRY(records_.snapshot());
  const auto prefix = account_key(account, "");
  std::vector<std::string> ids;
  TRY(snapshot->scan(kByAccount, prefix, prefix + std::string(after), store::Snapshot::Order::kForward,
                     [&](std::string_view key, const store::Document&) {
                       const auto id = key.substr(prefix.size());
                       // An account whose name continues with a slash shares the prefix.
                       if (is_asset_id(id) && id > after) ids.emplace_back(id);
                       return ids.size() < limit;
                     }));
  std::vector<Asset> found;
  for (const auto& id : ids) {
    const auto document = TRY(snapshot->get(kById, id));
    if (!document) continue;
    auto asset = TRY(from_document(id, document->json));
    if (asset.expires_ns > clock_.unix_ns()) found.push_back(std::move(asset));
  }
  return found;
}

Result<void> Assets::remove(std::string_view account, std::string_view id) {
  if (!is_asset_id(id)) return not_found(id);
  const auto document = TRY(records_.get(kById, id));
  if (!document) return not_found(id);
  const auto asset = TRY(from_document(id, document->json));
  if (asset.account != account || !TRY(drop(asset, document->version))) return not_found(id);
  return {};
}

/// False when somebody else was first: then nothing is given back twice.
Result<bool> Assets::drop(const Asset& asset, std::uint64_t version) {
  const auto receipt = TRY(records_.commit(
      {store::ExpectVersion{std::string(kById), asset.id, version}, store::Delete{std::string(kById), asset.id},
       store::Delete{std::string(kByAccount), account_key(asset.account, asset.id)},
       store::Delete{std::string(kByExpiry), expiry_key(asset.expires_ns, asset.id)},
       store::AddI64{std::string(kUsed), asset.account, static_cast<std::int64_t>(asset.bytes), std::nullopt}}));
  if (!receipt.accepted()) return false;
  TRY(bytes_.remove(asset.id));
  return true;
}

Result<std::uint64_t> Assets::used(std::string_view account) {
  const auto counter = TRY(records_.get(kUsed, account));
  if (!counter) return 0;
  return static_cast<std::uint64_t>(-std::min<long long>(std::stoll(counter->json), 0));
}

Result<std::size_t> Assets::sweep() {
  std::size_t removed = 0;
  for (;;) {
    std::vector<std::string> keys;
    {
      const auto snapshot = TRY(records_.snapshot());
      const auto now = expiry_key(clock_.unix_ns(), "~");
      TRY(snapshot->scan(kByExpiry, "", "", store::Snapshot::Order::kForward,
                         [&](std::string_view key, const store::Document&) {
                           if (key > now) return false;
                           keys.emplace_back(key);
                           return keys.size() < kSweepBatch;
                         }));
    }
    for (const auto& key : keys) {
      const auto id = std::string_view(key).substr(std::min(key.find('/') + 1, key.size()));
      const auto document = TRY(records_.get(kById, id));
      if (!document) continue;
      const auto asset = TRY(from_document(id, document->json));
      if (TRY(drop(asset, document->version))) ++removed;
    }
    if (keys.size() < kSweepBatch) return removed;
  }
}

}  // namespace toolrack::services::assets
