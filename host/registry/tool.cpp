#include "registry/tool.hpp"

#include <algorithm>

namespace toolrack::registry {

const Provider* Tool::find_provider(std::string_view wanted) const noexcept {
  const auto it = std::find_if(providers.begin(), providers.end(), [&](const Provider& p) { return p.slug == wanted; });
  return it == providers.end() ? nullptr : &*it;
}

const Credential* Tool::find_credential(std::string_view wanted) const noexcept {
  const auto it =
      std::find_if(credentials.begin(), credentials.end(), [&](const Credential& c) { return c.name == wanted; });
  return it == credentials.end() ? nullptr : &*it;
}

}  // namespace toolrack::registry
