/// Where a tool's requests may go: its providers' base URLs, as the operator may have moved them, and its grants.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "registry/tool.hpp"

namespace toolrack::sources {

/// "api.example.com" of "https://api.example.com:8443/v1"; empty when there is none.
std::string_view host_of(std::string_view url) noexcept;

/// By provider slug: where it is really reached, in place of the manifest's base URL.
using BaseUrls = std::map<std::string, std::string, std::less<>>;

/// What a manifest says; made once a tool. Immutable; any thread. `moved` is what the operator says now.
class HttpTargets {
 public:
  explicit HttpTargets(const registry::Tool& tool);

  /// The base URL that stands for a provider, without a slash at its end; `otherwise` when the manifest does not name
  /// it.
  std::string_view base_url(const BaseUrls& moved, std::string_view provider, std::string_view otherwise = {}) const;
  /// Hosts of the manifest's grants and of every provider, where it is now.
  std::vector<std::string> granted_hosts(const BaseUrls& moved) const;
  bool is_empty() const noexcept { return grants_.empty() && base_urls_.empty(); }

 private:
  BaseUrls base_urls_;
  std::vector<std::string> grants_;
};

}  // namespace toolrack::sources
