/// toolrack.http/1: requests of plugins, sent by the client of the call's loop, to nowhere but what the manifest
/// grants, with the credential that the manifest names.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "services/credentials/signing.hpp"
#include "services/http/url.hpp"
#include "services/upstream/client.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/http_operation.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

namespace http = services::http;
namespace upstream = services::upstream;
namespace credentials = services::credentials;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::chrono::milliseconds kDefaultTimeout{30'000};
constexpr std::uint64_t kDefaultMaxBytes = 16 << 20;
constexpr std::uint64_t kMostBytes = 256 << 20;

/// What "empty" means in a request: the call's backend, else the named provider of the manifest.
struct Upstream {
  std::string_view provider, base_url, credential;
  std::chrono::milliseconds timeout = kDefaultTimeout;
  std::uint32_t concurrency = 16;
};

/// Borrows from the call and from `moved`.
Result<Upstream> find_upstream(const NativeCall& call, std::string_view provider, const BaseUrls& moved) {
  const auto& module = *call.module();
  Upstream out;
  const auto* backend = call.backend();
  if (provider.empty() && backend == nullptr) return out;
  const auto slug = provider.empty() ? view(backend->provider) : provider;
  const auto* entry = module.leased_tool().find_provider(slug);
  const bool is_backend = backend != nullptr && slug == view(backend->provider);
  if (entry == nullptr && !is_backend) {
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("the manifest of {} has no provider \"{}\"", module.id(), slug));
  }
  if (entry != nullptr) {
    out.credential = entry->credential;
    out.timeout = entry->timeout;
    out.concurrency = entry->concurrency;
  }
  out.provider = slug;
  if (is_backend) out.credential = view(backend->credential);
  out.base_url = module.http_targets().base_url(moved, slug, is_backend ? view(backend->base_url) : std::string_view());
  return out;
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

Result<std::string> join_body(const tr_piece* pieces, std::size_t count) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) {
    if (pieces[i].asset.size != 0) {
      return fail(ErrorCode::kUnimplemented, "this host cannot send an asset as part of a request body");
    }
    body.append(view(pieces[i].bytes));
  }
  return body;
}

std::chrono::milliseconds time_left(const NativeCall& call) {
  if (call.deadline_ns() == 0) return std::chrono::milliseconds::max();
  const auto left = call.deadline_ns() - call.runtime().environment().clock->monotonic_ns();
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds(std::max<std::int64_t>(left, 0)));
}

bool is_below(const http::Url& url, std::string_view base_url) {
  const auto base = http::Url::parse(std::string(base_url));
  return base && url.has_same_origin(*base);
}

/// A credential goes to the origins of the providers that name it, and nowhere else.
Result<void> check_receiver(const registry::Tool& tool, const HttpTargets& targets, const BaseUrls& moved,
                            const registry::Credential& credential, const std::string& text) {
  const auto url = TRY(http::Url::parse(text));
  for (const auto& provider : tool.providers)
    if (provider.credential == credential.name && is_below(url, targets.base_url(moved, provider.slug))) return {};
  return fail(ErrorCode::kInvalidRequest,
              fmt::format("the credential \"{}\" is not for {}", credential.name, url.authority()),
              "Name \"-\" to send the request without a credential, or a provider of the manifest at that address.");
}

Result<std::optional<credentials::Signing>> find_signing(const NativeCall& call, const Upstream& target,
                                                         std::string_view handle, const BaseUrls& moved,
                                                         const std::string& url) {
  const auto name = handle.empty() ? target.credential : handle;
  if (name.empty() || name == "-") return std::nullopt;
  const auto& module = *call.module();
  const auto& tool = module.leased_tool();
  const auto* credential = tool.find_credential(name);
  if (credential == nullptr)
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("the manifest of {} has no credential \"{}\"", module.id(), name));
  TRY(check_receiver(tool, module.http_targets(), moved, *credential, url));
  static const credentials::PlatformCredentials kNone;
  const auto* ours = call.runtime().environment().credentials;
  const auto* callers = call.is_instance() ? nullptr : call.invocation().provider_keys;
  return TRY(credentials::find_credential(*credential, target.provider, ours == nullptr ? kNone : *ours,
                                          callers == nullptr ? nullptr : callers->get()));
}

Result<http::Request> make_http_request(const tr_http_request& in, std::string url, std::chrono::milliseconds timeout) {
  http::Request out;
  out.method = in.method.size == 0 ? "GET" : std::string(view(in.method));
  out.url = std::move(url);
  out.headers.reserve(in.header_count);
  for (std::size_t i = 0; i < in.header_count; ++i) {
    out.headers.push_back({std::string(view(in.headers[i].name)), std::string(view(in.headers[i].value))});
  }
  out.body = TRY(join_body(in.body, in.body == nullptr ? 0 : in.body_count));
  out.timeout = timeout;
  out.connect_timeout = std::min(out.connect_timeout, out.timeout);
  out.max_bytes = in.max_bytes == 0 ? kDefaultMaxBytes : std::min(in.max_bytes, kMostBytes);
  if ((in.flags & TR_HTTP_NO_REDIRECT) != 0) out.max_redirects = 0;
  return out;
}

Result<upstream::Request> make_request(const NativeCall& call, const tr_http_request& in) {
  for (const auto text : {in.method, in.url, in.provider, in.credential}) {
    if (!is_text(text))
      return fail(ErrorCode::kInvalidRequest, "the method, URL, provider or credential is no UTF-8 text");
  }
  if ((in.flags & TR_HTTP_TO_ASSET) != 0) {
    return fail(ErrorCode::kUnimplemented, "this host cannot put a reply into an asset");
  }
  // Any thread may ask, so there is no reader of its own; beside a request's allocations the lock is nothing.
  const auto moved = call.runtime().base_urls.load();
  const auto target = TRY(find_upstream(call, view(in.provider), *moved));
  const auto left = time_left(call);
  if (left.count() == 0) return fail(ErrorCode::kTimeout, "the call's deadline has passed");
  auto url = TRY(resolve_url(view(in.url), target.base_url));

  upstream::Request out;
  if (auto signing = TRY(find_signing(call, target, view(in.credential), *moved, url)))
    out.signing.emplace(std::move(*signing));
  const auto timeout = in.timeout_ms == 0 ? target.timeout : std::chrono::milliseconds(in.timeout_ms);
  out.http = TRY(make_http_request(in, std::move(url), std::min(timeout, left)));
  out.http.granted_hosts = call.module()->http_targets().granted_hosts(*moved);
  out.concurrency = target.concurrency;
  out.is_idempotent = (in.flags & TR_HTTP_IDEMPOTENT) != 0;
  out.may_retry = (in.flags & TR_HTTP_NO_RETRY) == 0;
  auto* places = call.runtime().environment().places;
  if (const auto parsed = http::Url::parse(out.http.url);
      places != nullptr && !target.provider.empty() && parsed && is_below(*parsed, target.base_url))
    out.places = places->of(target.provider, target.base_url);
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
  return start_operation<HttpOperation>(
      host, behalf, "send", done, user, [](HttpOperation& operation) { operation.begin(); }, client, std::move(*made),
      is_repeatable, request->sink);
}

}  // namespace

const tr_http_api& http_service() noexcept {
  static constexpr tr_http_api kTable{sizeof(tr_http_api), send};
  return kTable;
}

}  // namespace toolrack::sources::native
