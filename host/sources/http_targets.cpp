#include "sources/http_targets.hpp"

namespace toolrack::sources {
namespace {

std::string_view without_slash(std::string_view url) noexcept {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

}  // namespace

std::string_view host_of(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  auto authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto user = authority.rfind('@'); user != std::string_view::npos) authority.remove_prefix(user + 1);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

HttpTargets::HttpTargets(const registry::Tool& tool) : grants_(tool.granted_hosts) {
  for (const auto& provider : tool.providers) base_urls_.emplace(provider.slug, without_slash(provider.base_url));
}

std::string_view HttpTargets::base_url(const BaseUrls& moved, std::string_view provider,
                                       std::string_view otherwise) const {
  const auto found = base_urls_.find(provider);
  if (found == base_urls_.end()) return otherwise;
  const auto to = moved.find(provider);
  return to == moved.end() ? std::string_view(found->second) : without_slash(to->second);
}

std::vector<std::string> HttpTargets::granted_hosts(const BaseUrls& moved) const {
  auto hosts = grants_;
  for (const auto& [provider, unmoved] : base_urls_)
    if (const auto host = host_of(base_url(moved, provider)); !host.empty()) hosts.emplace_back(host);
  return hosts;
}

}  // namespace toolrack::sources
