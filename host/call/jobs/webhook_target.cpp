#include "call/jobs/webhook_target.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include "services/http/url.hpp"

namespace toolrack::call::jobs {
namespace {

using base::ErrorCode;
using services::http::Url;

constexpr std::string_view kRemedy = "Give \"webhook\" an absolute https URL that anybody could reach.";

/// Where a connection to the URL's host would go, when that is written out; nothing for a name.
std::optional<sockaddr_storage> written_address(const Url& url, std::uint16_t port) {
  auto host = url.host();
  sockaddr_storage storage{};
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    host.resize(std::min(host.size(), host.find('%')));
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1 ? std::optional(storage) : std::nullopt;
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  return inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1 ? std::optional(storage) : std::nullopt;
}

std::uint16_t port_of(const Url& url, bool is_https) {
  const auto authority = url.authority();
  const auto text = std::string_view(authority).substr(url.host().size());
  std::uint16_t port = is_https ? 443 : 80;
  if (!text.empty()) std::from_chars(text.data() + 1, text.data() + text.size(), port);
  return port;
}

/// What every machine takes for itself.
bool is_this_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

base::Result<void> check_webhook_url(std::string_view url, const services::http::EgressPolicy& policy,
                                     bool allows_plain_loopback) {
  const auto refuse = [](std::string why) {
    return base::fail(ErrorCode::kInvalidRequest, "\"webhook\": " + std::move(why), std::string(kRemedy));
  };
  if (url.size() > kMaxWebhookUrl)
    return refuse(fmt::format("the URL has {} bytes, and may have {}", url.size(), kMaxWebhookUrl));
  const auto parsed = Url::parse(std::string(url));
  if (!parsed) return refuse(parsed.error().message());
  const bool is_https = parsed->text().starts_with("https:");
  if (!is_https && !(allows_plain_loopback && is_this_machine(parsed->host())))
    return refuse(allows_plain_loopback ? "http reaches this machine only; anywhere else it is https"
                                        : "the URL is not https");
  const auto address = written_address(*parsed, port_of(*parsed, is_https));
  if (!address) return {};
  if (const auto allowed = policy.check(reinterpret_cast<const sockaddr*>(&*address)); !allowed)
    return base::fail(ErrorCode::kEgressRefused, "\"webhook\": " + allowed.error().message(), std::string(kRemedy));
  return {};
}

}  // namespace toolrack::call::jobs
