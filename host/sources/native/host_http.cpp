/// toolrack.http/1: requests of plugins, sent by the client of the call's loop, to nowhere but what the manifest
/// grants.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "services/http/client.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/http_operation.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

namespace http = services::http;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::chrono::milliseconds kDefaultTimeout{30'000};
constexpr std::uint64_t kDefaultMaxBytes = 16 << 20;
constexpr std::uint64_t kMostBytes = 256 << 20;

/// What "empty" means in a request: the call's backend, else the named provider of the manifest.
struct Upstream {
  std::string_view base_url, credential;
  std::chrono::milliseconds timeout = kDefaultTimeout;
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
  }
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

Result<http::Request> make_request(const NativeCall& call, const tr_http_request& in) {
  for (const auto text : {in.method, in.url, in.provider, in.credential}) {
    if (!is_text(text))
      return fail(ErrorCode::kInvalidRequest, "the method, URL, provider or credential is no UTF-8 text");
  }
  if ((in.flags & TR_HTTP_TO_ASSET) != 0) {
    return fail(ErrorCode::kUnimplemented, "this host cannot put a reply into an asset");
  }
  // Any thread may ask, so there is no reader of its own; beside a request's allocations the lock is nothing.
  const auto moved = call.runtime().base_urls.load();
  const auto upstream = find_upstream(call, view(in.provider), *moved);
  if (!upstream) return tl::unexpected(upstream.error());
  const auto credential = in.credential.size == 0 ? upstream->credential : view(in.credential);
  if (!credential.empty() && credential != "-") {
    return tl::unexpected(base::Error(ErrorCode::kAuthRequired,
                                      fmt::format("the credential \"{}\" is not set up on this host", credential),
                                      "An operator adds the credential; a request that needs none names \"-\".")
                              .with_name("credential_missing"));
  }
  const auto left = time_left(call);
  if (left.count() == 0) return fail(ErrorCode::kTimeout, "the call's deadline has passed");

  http::Request out;
  out.method = in.method.size == 0 ? "GET" : std::string(view(in.method));
  auto url = resolve_url(view(in.url), upstream->base_url);
  if (!url) return tl::unexpected(url.error());
  out.url = std::move(*url);
  out.headers.reserve(in.header_count);
  for (std::size_t i = 0; i < in.header_count; ++i) {
    out.headers.push_back({std::string(view(in.headers[i].name)), std::string(view(in.headers[i].value))});
  }
  auto body = join_body(in.body, in.body == nullptr ? 0 : in.body_count);
  if (!body) return tl::unexpected(body.error());
  out.body = std::move(*body);
  out.timeout = std::min(in.timeout_ms == 0 ? upstream->timeout : std::chrono::milliseconds(in.timeout_ms), left);
  out.connect_timeout = std::min(out.connect_timeout, out.timeout);
  out.max_bytes = in.max_bytes == 0 ? kDefaultMaxBytes : std::min(in.max_bytes, kMostBytes);
  if ((in.flags & TR_HTTP_NO_REDIRECT) != 0) out.max_redirects = 0;
  out.granted_hosts = call.module()->http_targets().granted_hosts(*moved);
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
      (request->flags & TR_HTTP_IDEMPOTENT) != 0 || made->method == "GET" || made->method == "HEAD";
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
