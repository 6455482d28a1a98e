#include "transports/rest/asset_routes.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "call/identify.hpp"
#include "operations/upload.hpp"
#include "transports/net/error_body.hpp"
#include "transports/net/media_type.hpp"
#include "transports/rest/asset_download.hpp"
#include "transports/rest/asset_upload.hpp"

namespace toolrack::rest {
namespace {

using base::ErrorCode;

constexpr std::string_view kPath = "/v1/assets";

/// The decoded value of a parameter of the query; the first one when it comes twice, empty when it does not come.
std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return base::percent_decode(pair.substr(equals + 1), true).value_or("");
  }
  return {};
}

}  // namespace

std::optional<std::string_view> AssetRoutes::downloaded_id(const net::Request& request) {
  if (request.method != net::Method::kGet && request.method != net::Method::kHead) return std::nullopt;
  auto id = request.path;
  if (!id.starts_with(kPath) || id.size() <= kPath.size() + 1 || id[kPath.size()] != '/') return std::nullopt;
  id.remove_prefix(kPath.size() + 1);
  if (id.find('/') != std::string_view::npos) return std::nullopt;
  return id;
}

void AssetRoutes::download(net::Exchange& exchange, std::string_view id, const Identify& identify) {
  const auto& request = exchange.request();
  if (!request.query.empty()) {
    auto signed_id = deps_.signer.verify(fmt::format("{}?{}", request.path, request.query));
    if (!signed_id)
      return net::respond_error(
          exchange, base::Error(ErrorCode::kInsufficientScope, "the link to the asset is not valid, or not any more",
                                "Ask for a new one with get_asset or GET /v1/assets/<id>/info.")
                        .with_name("asset_link_invalid"));
    return rest::download(exchange, deps_.assets, deps_.pool, {}, *std::move(signed_id));
  }
  const auto principal = identify();
  if (!principal) return net::respond_error(exchange, principal.error());
  if (auto allowed = call::require(**principal, accounts::Scope::kToolsRead); !allowed)
    return net::respond_error(exchange, allowed.error());
  if ((*principal)->anonymous)
    return net::respond_error(exchange, {ErrorCode::kAuthRequired, "an asset needs a signed link or its owner's key"});
  rest::download(exchange, deps_.assets, deps_.pool, (*principal)->account, std::string(id));
}

bool AssetRoutes::is_upload(const net::Request& head) {
  if (head.method != net::Method::kPost || head.path != kPath) return false;
  return !net::is_utf8_json(head.headers.get(net::HeaderName::kContentType)) || parameter(head.query, "raw") == "true";
}

base::Result<std::shared_ptr<net::BodySink>> AssetRoutes::begin_upload(const net::Request& head,
                                                                       net::BodySource& source,
                                                                       const Identify& identify) {
  const auto principal = TRY(identify());
  TRY(call::require(*principal, accounts::Scope::kToolsCall));
  return std::make_shared<AssetUpload>(
      deps_.assets, deps_.pool, source,
      AssetUpload::What{.account = principal->account,
                        .name = parameter(head.query, "name"),
                        .media_type = std::string(head.headers.get(net::HeaderName::kContentType)),
                        .max_bytes = operations::kMaxUploadBytes});
}

void AssetRoutes::end_upload(net::Exchange& exchange) {
  // Held by the request until it is answered, and by its own tasks.
  auto& upload = static_cast<AssetUpload&>(*exchange.request().body_sink);
  upload.finish([&exchange, &links = deps_.links](base::Result<services::assets::Asset> asset) {
    if (!asset) return net::respond_error(exchange, asset.error());
    base::json::Buffer buffer;
    base::json::Writer writer(buffer);
    writer.StartObject();
    services::assets::write_members(writer, *asset);
    base::json::key(writer, "url");
    base::json::put(writer, links.link(*asset));
    writer.EndObject();
    exchange.respond(201, "application/json", std::string(base::json::view(buffer)));
  });
}

}  // namespace toolrack::rest
