#include "registry/versions.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace toolrack::registry {

std::span<const std::shared_ptr<const Tool>> versions_of(const Catalogue& catalogue, const Tool& tool) {
  // In the order in which Catalogue::build puts them.
  const auto id_of = [](const auto& one) {
    return std::pair<std::string_view, std::string_view>(one->slug, one->owner);
  };
  const auto [first, last] = std::ranges::equal_range(catalogue.all(), id_of(&tool), {}, id_of);
  return {first, last};
}

}  // namespace toolrack::registry
