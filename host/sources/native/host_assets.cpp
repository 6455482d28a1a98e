/// toolrack.assets/1: files of the call's account, by id. The plugin's bytes are copied before a function returns;
/// disks are waited for in a pool.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/call_assets.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using services::assets::Asset;

/// One read gives at most this much; a plugin asks again.
constexpr std::uint64_t kMostRead = 16 << 20;

using Work = std::function<Result<OperationResult>(CallAssets&)>;

class AssetOperation final : public Operation {
 public:
  AssetOperation(NativeCall& call, OperationMap& map, tr_done done, void* user, std::shared_ptr<CallAssets> assets,
                 Work work)
      : Operation(call, map, done, user), assets_(std::move(assets)), work_(std::move(work)) {}

  void begin() {
    const auto posted = assets_->post([self = boost::intrusive_ptr(this)](CallAssets& assets) {
      if (self->has_ended()) return;
      if (assets.is_over) return static_cast<void>(self->end(OperationResult::cancelled("the call has ended")));
      auto result = self->work_(assets);
      self->end(result ? *std::move(result) : OperationResult::from(result.error()));
    });
    if (!posted) end(OperationResult::from({ErrorCode::kUnavailable, "the gateway is stopping"}));
  }

 private:
  const std::shared_ptr<CallAssets> assets_;
  const Work work_;
};

/// What is asked, for the record of a call that may be suspended. Bytes are told by their digest.
class Told {
 public:
  Told& add(std::string_view name, std::string_view text) {
    json_ += fmt::format("{}{}:{}", json_.empty() ? "" : ",", base::json::quote(name), base::json::quote(text));
    return *this;
  }
  Told& add(std::string_view name, std::uint64_t number) {
    json_ += fmt::format("{}{}:{}", json_.empty() ? "" : ",", base::json::quote(name), number);
    return *this;
  }
  Told& add_bytes(std::string_view name, std::string_view bytes) {
    const auto digest = base::sha256(bytes);
    return add(name, base::to_hex(base::as_bytes(digest)));
  }
  std::string take() { return "{" + std::exchange(json_, {}) + "}"; }

 private:
  std::string json_;
};

template <typename Tell>
tr_op start(const tr_host* host, tr_call behalf, std::string_view function, tr_done done, void* user, const Tell& tell,
            Work work) {
  std::shared_ptr<CallAssets> assets;
  if (const auto target = Instance::of(host).find(behalf, function)) assets = target.call->assets();
  if (assets == nullptr)
    return end_operation(host, behalf, function, done, user, OperationResult::cancelled("the call has ended"));
  const auto recorded = [&] {
    Told told;
    tell(told);
    return told.take();
  };
  return start_recorded<AssetOperation>(
      host, behalf, function, done, user, recorded, [](AssetOperation& operation) { operation.begin(); },
      std::move(assets), std::move(work));
}

tr_op refuse(const tr_host* host, tr_call behalf, std::string_view function, tr_done done, void* user,
             std::string message) {
  return end_operation(host, behalf, function, done, user,
                       OperationResult::from({ErrorCode::kInvalidRequest, std::move(message)}));
}

OperationResult described(const Asset& asset) {
  OperationResult result;
  result.body = std::make_unique<std::string>(services::assets::describe(asset));
  return result;
}

struct Piece {
  std::string bytes, asset;
};

Result<void> append(CallAssets& assets, services::assets::AssetWriter& writer, const Piece& piece) {
  if (piece.asset.empty()) return writer.append(piece.bytes);
  return read_asset(assets, piece.asset, [&](std::string_view bytes) { return writer.append(bytes); });
}

Result<services::assets::AssetWriter*> find_writer(CallAssets& assets, std::int64_t number) {
  const auto found = assets.writers.find(number);
  if (found == assets.writers.end())
    return fail(ErrorCode::kInvalidRequest, fmt::format("the call has no open writer {}", number));
  return found->second.get();
}

tr_op put(const tr_host* host, tr_call behalf, tr_str name, tr_str media_type, const tr_piece* bytes, std::size_t count,
          tr_done done, void* user) noexcept {
  if (!is_text(name) || !is_text(media_type))
    return refuse(host, behalf, "assets.put", done, user, "the name or media type is no UTF-8 text");
  std::vector<Piece> pieces;
  for (std::size_t i = 0; bytes != nullptr && i < count; ++i)
    pieces.push_back({std::string(view(bytes[i].bytes)), std::string(view(bytes[i].asset))});
  const auto tell = [&](Told& told) {
    told.add("name", view(name)).add("media_type", view(media_type));
    for (std::size_t i = 0; bytes != nullptr && i < count; ++i)
      told.add_bytes(fmt::format("bytes_{}", i), view(bytes[i].bytes))
          .add(fmt::format("asset_{}", i), view(bytes[i].asset));
  };
  return start(host, behalf, "assets.put", done, user, tell,
               [name = std::string(view(name)), type = std::string(view(media_type)),
                pieces = std::move(pieces)](CallAssets& assets) -> Result<OperationResult> {
                 const auto writer =
                     TRY(assets.assets.create({.account = assets.account, .name = name, .media_type = type}));
                 for (const auto& piece : pieces) TRY(append(assets, *writer, piece));
                 const auto asset = TRY(writer->close());
                 return described(asset);
               });
}

tr_op open(const tr_host* host, tr_call behalf, tr_str name, tr_str media_type, tr_done done, void* user) noexcept {
  if (!is_text(name) || !is_text(media_type))
    return refuse(host, behalf, "assets.open", done, user, "the name or media type is no UTF-8 text");
  const auto tell = [&](Told& told) { told.add("name", view(name)).add("media_type", view(media_type)); };
  return start(host, behalf, "assets.open", done, user, tell,
               [name = std::string(view(name)),
                type = std::string(view(media_type))](CallAssets& assets) -> Result<OperationResult> {
                 auto writer = TRY(assets.assets.create({.account = assets.account, .name = name, .media_type = type}));
                 OperationResult result;
                 result.number = ++assets.last_writer;
                 assets.writers.emplace(result.number, std::move(writer));
                 return result;
               });
}

tr_op append(const tr_host* host, tr_call behalf, std::int64_t writer, tr_str bytes, tr_done done,
             void* user) noexcept {
  const auto tell = [&](Told& told) {
    told.add("writer", static_cast<std::uint64_t>(writer)).add_bytes("bytes", view(bytes));
  };
  return start(host, behalf, "assets.append", done, user, tell,
               [writer, bytes = std::string(view(bytes))](CallAssets& assets) -> Result<OperationResult> {
                 auto* const to = TRY(find_writer(assets, writer));
                 TRY(to->append(bytes));
                 return OperationResult{};
               });
}

tr_op close(const tr_host* host, tr_call behalf, std::int64_t writer, tr_done done, void* user) noexcept {
  const auto tell = [&](Told& told) { told.add("writer", static_cast<std::uint64_t>(writer)); };
  return start(host, behalf, "assets.close", done, user, tell, [writer](CallAssets& assets) -> Result<OperationResult> {
    TRY(find_writer(assets, writer));
    const auto closing = std::move(assets.writers.extract(writer).mapped());
    const auto asset = TRY(closing->close());
    return described(asset);
  });
}

tr_op stat(const tr_host* host, tr_call behalf, tr_str id, tr_done done, void* user) noexcept {
  const auto tell = [&](Told& told) { told.add("id", view(id)); };
  return start(host, behalf, "assets.stat", done, user, tell,
               [id = std::string(view(id))](CallAssets& assets) -> Result<OperationResult> {
                 const auto asset = TRY(assets.assets.find(assets.account, id));
                 return described(asset);
               });
}

tr_op read(const tr_host* host, tr_call behalf, tr_str id, std::uint64_t offset, std::uint64_t size, tr_done done,
           void* user) noexcept {
  const auto tell = [&](Told& told) { told.add("id", view(id)).add("offset", offset).add("size", size); };
  return start(host, behalf, "assets.read", done, user, tell,
               [id = std::string(view(id)), offset, size](CallAssets& assets) -> Result<OperationResult> {
                 const auto asset = TRY(assets.assets.find(assets.account, id));
                 OperationResult result;
                 const auto left = asset.bytes - std::min(offset, asset.bytes);
                 const auto wanted = static_cast<std::size_t>(std::min({size, left, kMostRead}));
                 const auto reader = TRY(assets.assets.open(asset));
                 result.body = std::make_unique<std::string>(TRY(reader->read(offset, wanted)));
                 return result;
               });
}

}  // namespace

const tr_assets_api& assets_service() noexcept {
  static constexpr tr_assets_api kTable{sizeof(tr_assets_api), put, open, append, close, stat, read};
  return kTable;
}

}  // namespace toolrack::sources::native
