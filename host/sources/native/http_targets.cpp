#include "sources/native/http_targets.hpp"

#include <utility>

namespace toolrack::sources::native {

std::string_view host_of(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  auto authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto user = authority.rfind('@'); user != std::string_view::npos) authority.remove_prefix(user + 1);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

HttpTargets::HttpTargets(const registry::Tool& tool, const Overrides& overrides) : granted_hosts_(tool.granted_hosts) {
  for (const auto& provider : tool.providers) {
    const auto moved = overrides.find(provider.slug);
    std::string url = moved == overrides.end() ? provider.base_url : moved->second;
    while (url.ends_with('/')) url.pop_back();
    if (const auto host = host_of(url); !host.empty()) granted_hosts_.emplace_back(host);
    base_urls_.emplace(provider.slug, std::move(url));
  }
}

std::string_view HttpTargets::base_url(std::string_view provider, std::string_view otherwise) const {
  const auto found = base_urls_.find(provider);
  return found == base_urls_.end() ? otherwise : std::string_view(found->second);
}

}  // namespace toolrack::sources::native
