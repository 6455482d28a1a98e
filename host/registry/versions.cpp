#include "registry/versions.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace toolrack::registry {

namespace {

/// In whose order Catalogue::build puts tools.
constexpr auto id_of = [](const auto& one) {
  return std::pair<std::string_view, std::string_view>(one->slug, one->owner);
};

}  // namespace

std::span<const std::shared_ptr<const Tool>> versions_of(const Catalogue& catalogue, const Tool& tool) {
  const auto [first, last] = std::ranges::equal_range(catalogue.all(), id_of(&tool), {}, id_of);
  return {first, last};
}

const Tool* default_of(const Catalogue& catalogue, const Tool& tool) {
  const auto found = std::ranges::lower_bound(catalogue.tools(), id_of(&tool), {}, id_of);
  return found == catalogue.tools().end() || id_of(*found) != id_of(&tool) ? nullptr : *found;
}

std::shared_ptr<const Tool> original_of(const Catalogue& catalogue, const Tool& tool) {
  const auto all = versions_of(catalogue.whole() == nullptr ? catalogue : *catalogue.whole(), tool);
  const auto same = std::ranges::find(all, tool.version, [](const auto& one) -> const auto& { return one->version; });
  return same == all.end() ? nullptr : *same;
}

bool is_version(const Tool& tool, std::string_view named) {
  const std::string_view actual = tool.version;
  if (actual == named) return true;
  if (!actual.starts_with(named) || named.find_first_not_of("0123456789.") != std::string_view::npos) return false;
  const auto next = actual[named.size()];
  return next == (std::count(named.begin(), named.end(), '.') < 2 ? '.' : '+');
}

}  // namespace toolrack::registry
