/// Where a plugin's requests may go: its providers' base URLs, as the operator may have moved them, and its grants.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "registry/tool.hpp"

namespace toolrack::sources::native {

/// "api.example.com" of "https://api.example.com:8443/v1"; empty when there is none.
std::string_view host_of(std::string_view url) noexcept;

/// Made once a module. Immutable; any thread.
class HttpTargets {
 public:
  using Overrides = std::map<std::string, std::string, std::less<>>;

  HttpTargets(const registry::Tool& tool, const Overrides& overrides);

  /// The base URL that stands for a provider, without a slash at its end; `otherwise` when the manifest does not name
  /// it.
  std::string_view base_url(std::string_view provider, std::string_view otherwise = {}) const;
  /// Hosts of the manifest's grants and of every provider.
  const std::vector<std::string>& granted_hosts() const noexcept { return granted_hosts_; }
  bool is_empty() const noexcept { return granted_hosts_.empty(); }

 private:
  std::map<std::string, std::string, std::less<>> base_urls_;
  std::vector<std::string> granted_hosts_;
};

}  // namespace toolrack::sources::native
