#include "sources/provider_target.hpp"

#include <fmt/format.h>

#include "services/http/url.hpp"

namespace toolrack::sources {

namespace credentials = services::credentials;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_below(const services::http::Url& url, std::string_view base_url) {
  const auto base = services::http::Url::parse(std::string(base_url));
  return base && url.has_same_origin(*base);
}

Result<void> check_receiver(const ToolTargets& tool, const registry::Credential& credential, const std::string& text) {
  const auto url = TRY(services::http::Url::parse(text));
  for (const auto& provider : tool.tool.providers)
    if (provider.credential == credential.name && is_below(url, tool.urls.base_url(tool.moved, provider.slug)))
      return {};
  return fail(ErrorCode::kInvalidRequest,
              fmt::format("the credential \"{}\" is not for {}", credential.name, url.authority()),
              "Name \"-\" to send the request without a credential, or a provider of the manifest at that address.");
}

}  // namespace

Result<ProviderTarget> find_provider_target(const ToolTargets& tool, std::string_view provider,
                                            const registry::Backend* backend) {
  ProviderTarget out;
  if (provider.empty() && backend == nullptr) return out;
  const auto slug = provider.empty() ? backend->provider : provider;
  const auto* entry = tool.tool.find_provider(slug);
  const bool is_backend = backend != nullptr && slug == backend->provider;
  if (entry == nullptr && !is_backend) {
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("the manifest of {} has no provider \"{}\"", tool.tool.id(), slug));
  }
  if (entry != nullptr) {
    out.credential = entry->credential;
    out.timeout = entry->timeout;
    out.concurrency = entry->concurrency;
  }
  out.provider = slug;
  if (is_backend) out.credential = backend->credential;
  out.base_url = tool.urls.base_url(tool.moved, slug, is_backend ? backend->base_url : std::string_view());
  return out;
}

Result<std::optional<credentials::Signing>> find_signing(const ToolTargets& tool, const ProviderTarget& target,
                                                         std::string_view name, const std::string& url,
                                                         const credentials::PlatformCredentials* ours,
                                                         const registry::ProviderKeys* callers) {
  if (name.empty() || name == "-") return std::nullopt;
  const auto* credential = tool.tool.find_credential(name);
  if (credential == nullptr)
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("the manifest of {} has no credential \"{}\"", tool.tool.id(), name));
  TRY(check_receiver(tool, *credential, url));
  static const credentials::PlatformCredentials none;
  return TRY(credentials::find_credential(*credential, target.provider, ours == nullptr ? none : *ours, callers));
}

services::upstream::PlacesRef find_places(services::upstream::Places* places, const ProviderTarget& target,
                                          const std::string& url) {
  if (places == nullptr || target.provider.empty()) return nullptr;
  const auto parsed = services::http::Url::parse(url);
  return parsed && is_below(*parsed, target.base_url) ? places->of(target.provider, target.base_url) : nullptr;
}

}  // namespace toolrack::sources
