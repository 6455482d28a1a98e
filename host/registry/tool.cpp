#include "registry/tool.hpp"

#include <algorithm>

namespace toolrack::registry {

const Provider* Tool::find_provider(std::string_view wanted) const noexcept {
  const auto it = std::find_if(providers.begin(), providers.end(), [&](const Provider& p) { return p.slug == wanted; });
  return it == providers.end() ? nullptr : &*it;
}

}  // namespace toolrack::registry
