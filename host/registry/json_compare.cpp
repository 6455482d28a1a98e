#include "registry/json_compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace toolrack::registry {

using base::json::Value;

namespace {

// Holds every int64, uint64 and double exactly.
using Wide = long double;
static_assert(std::numeric_limits<Wide>::digits >= 64);

Wide wide(const Value& number) noexcept {
  if (number.IsInt64()) return static_cast<Wide>(number.GetInt64());
  if (number.IsUint64()) return static_cast<Wide>(number.GetUint64());
  return static_cast<Wide>(number.GetDouble());
}

}  // namespace

int compare_numbers(const Value& a, const Value& b) noexcept {
  const auto x = wide(a), y = wide(b);
  return x < y ? -1 : (x > y ? 1 : 0);
}

bool is_whole(const Value& number) noexcept {
  return !number.IsDouble() || std::floor(number.GetDouble()) == number.GetDouble();
}

bool is_multiple(const Value& number, const Value& divisor) noexcept {
  if (number.IsUint64() && divisor.IsUint64()) return number.GetUint64() % divisor.GetUint64() == 0;
  if (number.IsInt64() && divisor.IsInt64()) return number.GetInt64() % divisor.GetInt64() == 0;
  // 0.0075 is a multiple of 0.0001 although neither has an exact binary form: the quotient may miss by a few units, as
  // long as it is small enough to tell its neighbours apart.
  constexpr auto kEpsilon = static_cast<Wide>(std::numeric_limits<double>::epsilon());
  const Wide quotient = wide(number) / wide(divisor);
  if (std::abs(quotient) * kEpsilon >= 1) return std::fmod(wide(number), wide(divisor)) == 0;
  return std::abs(quotient - std::round(quotient)) <= std::abs(quotient) * 4 * kEpsilon;
}

bool is_equal(const Value& a, const Value& b) {
  if (a.IsNumber() && b.IsNumber()) return compare_numbers(a, b) == 0;
  if (a.GetType() != b.GetType()) return false;
  if (a.IsString()) return base::json::view(a) == base::json::view(b);
  if (a.IsArray() || a.IsObject()) return base::json::canonical(a) == base::json::canonical(b);
  return true;  // null, true or false, of the same type.
}

bool has_distinct_items(const Value& array) {
  std::vector<std::string> items;
  items.reserve(array.Size());
  for (const auto& item : array.GetArray()) items.push_back(base::json::canonical(item));
  std::sort(items.begin(), items.end());
  return std::adjacent_find(items.begin(), items.end()) == items.end();
}

}  // namespace toolrack::registry
