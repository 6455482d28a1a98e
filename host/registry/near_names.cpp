#include "registry/near_names.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace toolrack::registry {
namespace {

constexpr std::size_t kFar = 100;
constexpr std::size_t kLongest = 64;  // Names are no longer; hostile input is not compared at all.

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > kLongest || b.size() > kLongest) return kFar;
  if (a.size() > b.size() + 2 || b.size() > a.size() + 2) return kFar;
  std::array<std::size_t, kLongest + 1> row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

namespace {

/// Smaller is nearer; kFar when it is not near.
std::size_t distance(std::string_view typed, std::string_view name) {
  const auto allowed = std::min(typed.size(), name.size()) <= 3 ? 1u : 2u;
  if (const auto n = edit_distance(typed, name); n <= allowed) return n;
  if (typed.size() >= 2 && name.starts_with(typed)) return 3;
  return kFar;
}

}  // namespace

bool is_near(std::string_view typed, std::string_view name) { return distance(typed, name) < kFar; }

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> names) {
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const auto name : names)
    if (const auto d = distance(typed, name); d < kFar) near.emplace_back(d, name);
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  if (near.empty()) return {};
  const auto shown = std::min<std::size_t>(near.size(), 3);
  std::string out = " Did you mean ";
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == shown ? " or " : ", ";
    out.append("\"").append(near[i].second).append("\"");
  }
  return out + "?";
}

}  // namespace toolrack::registry
