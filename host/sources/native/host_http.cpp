/// toolrack.http/1: requests of plugins, sent by the client of the call's loop, to nowhere but what the manifest
/// grants, with the credential that the manifest names.
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <vector>

#include "services/recorder/recording.hpp"
#include "services/upstream/client.hpp"
#include "services/upstream/http_record.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/call_assets.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/http_operation.hpp"
#include "sources/native/http_to_asset.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"
#include "sources/provider_target.hpp"

namespace toolrack::sources::native {
namespace {

namespace http = services::http;
namespace upstream = services::upstream;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::uint64_t kDefaultMaxBytes = 16 << 20;
constexpr std::uint64_t kMostBytes = 256 << 20;

std::optional<registry::Backend> backend_of(const NativeCall& call) {
  const auto* backend = call.backend();
  if (backend == nullptr) return std::nullopt;
  return registry::Backend{.provider = view(backend->provider),
                           .base_url = view(backend->base_url),
                           .credential = view(backend->credential)};
}

Result<std::string> resolve_url(std::string_view url, std::string_view base_url) {
  if (!url.starts_with('/')) return std::string(url);
  if (url.starts_with("//"))
    return fail(ErrorCode::kInvalidRequest, "the URL begins with //; begin a path with one slash");
  if (base_url.empty()) {
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("the URL \"{}\" is relative, and the call has no backend; name a provider", url));
  }
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  return fmt::format("{}{}", base_url, url);
}

/// Of the plugin, copied: an asset is read after `send` has returned.
struct BodyPiece {
  std::string bytes, asset;
};
using Body = std::vector<BodyPiece>;

Body copy_body(const tr_http_request& in) {
  Body out;
  for (std::size_t i = 0; in.body != nullptr && i < in.body_count; ++i)
    out.push_back({std::string(view(in.body[i].bytes)), std::string(view(in.body[i].asset))});
  return out;
}

bool has_asset(const tr_http_request& in) noexcept {
  for (std::size_t i = 0; in.body != nullptr && i < in.body_count; ++i)
    if (in.body[i].asset.size != 0) return true;
  return false;
}

std::string join_body(const tr_http_request& in) {
  std::string body;
  for (std::size_t i = 0; in.body != nullptr && i < in.body_count; ++i) body.append(view(in.body[i].bytes));
  return body;
}

/// In a task of the call's assets.
Result<std::string> join_body(CallAssets& assets, const Body& pieces) {
  std::string body;
  const auto take = [&](std::string_view bytes) -> Result<void> {
    if (body.size() + bytes.size() > kMostBytes)
      return fail(ErrorCode::kBodyTooLarge, fmt::format("the request's body has more than {} bytes", kMostBytes));
    body.append(bytes);
    return {};
  };
  for (const auto& piece : pieces) {
    if (piece.asset.empty())
      TRY(take(piece.bytes));
    else
      TRY(read_asset(assets, piece.asset, take));
  }
  return body;
}

/// Starts the request, after its body was read from the assets that it names.
template <typename T>
void begin(T& operation, const tr_http_request& request, const std::shared_ptr<CallAssets>& assets) {
  if (!has_asset(request)) return operation.begin();
  const auto end_with = [](T& one, const base::Error& error) {
    auto result = OperationResult::from(error);
    result.flags = TR_RESULT_NOT_SENT;
    one.end(std::move(result));
  };
  const auto posted = assets->post(
      [self = boost::intrusive_ptr<T>(&operation), pieces = copy_body(request), end_with](CallAssets& these) {
        if (self->has_ended()) return;
        auto body = join_body(these, pieces);
        if (!body) return end_with(*self, body.error());
        boost::asio::post(self->call().loop().context(), [self, body = std::move(*body)]() mutable {
          self->set_body(std::move(body));
          self->begin();
        });
      });
  if (!posted) end_with(operation, {ErrorCode::kUnavailable, "the gateway is stopping"});
}

std::chrono::milliseconds time_left(const NativeCall& call) {
  if (call.deadline_ns() == 0) return std::chrono::milliseconds::max();
  const auto left = call.deadline_ns() - call.runtime().environment().clock->monotonic_ns();
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds(std::max<std::int64_t>(left, 0)));
}

Result<http::Request> make_http_request(const tr_http_request& in, std::string url, std::chrono::milliseconds timeout) {
  http::Request out;
  out.method = in.method.size == 0 ? "GET" : std::string(view(in.method));
  out.url = std::move(url);
  out.headers.reserve(in.header_count);
  for (std::size_t i = 0; i < in.header_count; ++i) {
    out.headers.push_back({std::string(view(in.headers[i].name)), std::string(view(in.headers[i].value))});
  }
  if (!has_asset(in)) out.body = join_body(in);
  out.timeout = timeout;
  out.connect_timeout = std::min(out.connect_timeout, out.timeout);
  // What becomes an asset passes by; the limits of assets hold for it.
  const bool passes_by = (in.flags & TR_HTTP_TO_ASSET) != 0;
  const auto most = passes_by ? std::numeric_limits<std::uint64_t>::max() : kMostBytes;
  out.max_bytes = in.max_bytes != 0 ? std::min(in.max_bytes, most) : passes_by ? most : kDefaultMaxBytes;
  if ((in.flags & TR_HTTP_NO_REDIRECT) != 0) out.max_redirects = 0;
  return out;
}

Result<upstream::Request> make_request(const NativeCall& call, const tr_http_request& in) {
  for (const auto text : {in.method, in.url, in.provider, in.credential}) {
    if (!is_text(text))
      return fail(ErrorCode::kInvalidRequest, "the method, URL, provider or credential is no UTF-8 text");
  }
  if (!is_text(in.asset_name) || !is_text(in.asset_type))
    return fail(ErrorCode::kInvalidRequest, "the asset's name or media type is no UTF-8 text");
  // Any thread may ask, so there is no reader of its own; beside a request's allocations the lock is nothing.
  const auto moved = call.runtime().base_urls.load();
  const auto& module = *call.module();
  const ToolTargets tool{module.leased_tool(), module.http_targets(), *moved};
  const auto backend = backend_of(call);
  const auto target = TRY(find_provider_target(tool, view(in.provider), backend ? &*backend : nullptr));
  const auto left = time_left(call);
  if (left.count() == 0) return fail(ErrorCode::kTimeout, "the call's deadline has passed");
  auto url = TRY(resolve_url(view(in.url), target.base_url));

  upstream::Request out;
  const auto& environment = call.runtime().environment();
  const auto* keys = call.is_instance() ? nullptr : call.invocation().provider_keys;
  const auto credential = in.credential.size == 0 ? target.credential : view(in.credential);
  out.recording = call.is_instance() ? nullptr : call.invocation().recording;
  if (out.recording != nullptr && credential != "-") out.credential = credential;
  // A replay sends nothing, so it needs nobody's secret.
  if (out.recording == nullptr || !out.recording->is_replay()) {
    auto signing =
        find_signing(tool, target, credential, url, environment.credentials, keys == nullptr ? nullptr : keys->get());
    if (!signing && out.recording == nullptr) return tl::unexpected(std::move(signing).error());
    if (!signing) {
      out.refusal = std::move(signing).error();
    } else if (*signing) {
      out.signing.emplace(std::move(**signing));
    }
  }
  out.places = find_places(environment.places, target, url);
  const auto timeout = in.timeout_ms == 0 ? target.timeout : std::chrono::milliseconds(in.timeout_ms);
  out.http = TRY(make_http_request(in, std::move(url), std::min(timeout, left)));
  out.http.granted_hosts = module.http_targets().granted_hosts(*moved);
  if (!call.is_instance()) out.http.trace = base::parse_traceparent(call.invocation().traceparent);
  out.concurrency = target.concurrency;
  out.is_idempotent = (in.flags & TR_HTTP_IDEMPOTENT) != 0;
  out.may_retry = (in.flags & TR_HTTP_NO_RETRY) == 0;
  return out;
}

tr_op send(const tr_host* host, tr_call behalf, const tr_http_request* request, tr_done done, void* user) noexcept {
  auto& instance = Instance::of(host);
  const auto refuse = [&](const base::Error& error) {
    auto result = OperationResult::from(error);
    result.flags = TR_RESULT_NOT_SENT;
    return end_operation(host, behalf, "send", done, user, std::move(result));
  };
  if (request == nullptr || request->struct_size < sizeof(tr_http_request)) {
    return refuse({ErrorCode::kInvalidRequest, "the request is smaller than ABI 1.0 says"});
  }
  const auto target = instance.find(behalf, "send");
  if (!target) return refuse({ErrorCode::kCancelled, "the call has ended"});
  auto made = make_request(*target.call, *request);
  if (!made) return refuse(made.error());
  const bool is_repeatable =
      (request->flags & TR_HTTP_IDEMPOTENT) != 0 || made->http.method == "GET" || made->http.method == "HEAD";
  auto& client = *instance.runtime().environment().http[target.call->loop().index()];
  const bool to_asset = (request->flags & TR_HTTP_TO_ASSET) != 0;
  const auto assets = to_asset || has_asset(*request) ? target.call->assets() : nullptr;
  if (assets == nullptr && (to_asset || has_asset(*request)))
    return refuse({ErrorCode::kUnimplemented, "this host keeps no assets"});
  const auto begin_it = [&](auto& operation) { begin(operation, *request, assets); };
  if (to_asset) {
    // Of a call that may be suspended the record keeps the asset's description, not the bytes: one asset is enough.
    const bool is_resumable = made->recording != nullptr && made->recording->is_resumable();
    const auto recorded = is_resumable ? upstream::request_json(*made) : std::string();
    if (is_resumable) made->recording = nullptr;
    return start_recorded<HttpToAssetOperation>(
        host, behalf, "http.send_to_asset", done, user, [&] { return recorded; }, begin_it, client, std::move(*made),
        is_repeatable, assets, std::string(view(request->asset_name)), std::string(view(request->asset_type)));
  }
  return start_operation<HttpOperation>(host, behalf, "send", done, user, begin_it, client, std::move(*made),
                                        is_repeatable, request->sink);
}

}  // namespace

const tr_http_api& http_service() noexcept {
  static constexpr tr_http_api kTable{sizeof(tr_http_api), send};
  return kTable;
}

}  // namespace toolrack::sources::native
