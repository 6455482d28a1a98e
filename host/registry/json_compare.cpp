#include "registry/json_compare.hpp"

#include <algorithm>
#include <bit>
#include <boost/container/small_vector.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

namespace toolrack::registry {

using base::json::Value;
using base::json::view;
using schema::kMaxDepth;
using schema::Work;

namespace {

// Holds every int64, uint64 and double exactly.
using Wide = long double;
static_assert(std::numeric_limits<Wide>::digits >= 64);

Wide wide(const Value& number) noexcept {
  if (number.IsInt64()) return static_cast<Wide>(number.GetInt64());
  if (number.IsUint64()) return static_cast<Wide>(number.GetUint64());
  return static_cast<Wide>(number.GetDouble());
}

std::vector<const Value::Member*> sorted_members(const Value& object) {
  std::vector<const Value::Member*> out;
  out.reserve(object.MemberCount());
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) out.push_back(&*member);
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return view(a->name) < view(b->name); });
  return out;
}

bool is_equal_at(const Value& a, const Value& b, int levels, Work& work);

bool are_objects_equal(const Value& a, const Value& b, int levels, Work& work) {
  if (a.MemberCount() != b.MemberCount() || !work.spend(a.MemberCount())) return false;
  // Most objects of one kind have their members in one order.
  auto left = a.MemberBegin(), right = b.MemberBegin();
  while (left != a.MemberEnd() && view(left->name) == view(right->name)) {
    if (!is_equal_at(left->value, right->value, levels, work)) return false;
    ++left, ++right;
  }
  if (left == a.MemberEnd()) return true;
  const auto lefts = sorted_members(a), rights = sorted_members(b);
  return std::equal(lefts.begin(), lefts.end(), rights.begin(), [&](const auto* x, const auto* y) {
    return view(x->name) == view(y->name) && is_equal_at(x->value, y->value, levels, work);
  });
}

bool is_equal_at(const Value& a, const Value& b, int levels, Work& work) {
  if (a.IsNumber() && b.IsNumber()) return compare_numbers(a, b) == 0;
  if (a.GetType() != b.GetType()) return false;
  if (a.IsString()) return view(a) == view(b);
  if (!a.IsArray() && !a.IsObject()) return true;  // null, true or false, of the same type.
  if (levels == 0) return work.give_up();
  if (a.IsObject()) return are_objects_equal(a, b, levels - 1, work);
  if (a.Size() != b.Size() || !work.spend(a.Size())) return false;
  for (rapidjson::SizeType i = 0; i < a.Size(); ++i)
    if (!is_equal_at(a[i], b[i], levels - 1, work)) return false;
  return true;
}

/// The finalizer of SplitMix64: every bit of the input changes half the bits of the output.
std::uint64_t mix(std::uint64_t x) noexcept {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9;
  x ^= x >> 27;
  x *= 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t seed() {
  static const std::uint64_t value = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  return value;
}

std::uint64_t hash_string(std::string_view text) noexcept {
  auto out = mix(seed() ^ text.size());
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::copy_n(text.data(), 8, reinterpret_cast<char*>(&word));
    out = mix(out ^ word) + seed();
    text.remove_prefix(8);
  }
  std::uint64_t word = 0;
  std::copy_n(text.data(), text.size(), reinterpret_cast<char*>(&word));
  return mix(out ^ word);
}

/// The same for 1, 1.0 and 10e-1: as an integer whenever 64 bits hold it.
std::uint64_t hash_number(const Value& number) noexcept {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  const auto of_negative = [](std::int64_t value) { return mix(~seed() ^ static_cast<std::uint64_t>(value)); };
  const auto of_natural = [](std::uint64_t value) { return mix(seed() ^ value); };
  if (number.IsUint64()) return of_natural(number.GetUint64());
  if (number.IsInt64()) return of_negative(number.GetInt64());
  const double value = number.GetDouble();
  if (is_whole(number) && value >= -kTwoTo63 && value < 2 * kTwoTo63) {
    return value < 0 ? of_negative(static_cast<std::int64_t>(value)) : of_natural(static_cast<std::uint64_t>(value));
  }
  return mix(seed() + std::bit_cast<std::uint64_t>(value));
}

std::uint64_t hash_at(const Value& value, int levels, Work& work) {
  if (value.IsNumber()) return hash_number(value);
  if (value.IsString()) {
    work.spend(value.GetStringLength() / 64);
    return hash_string(view(value));
  }
  auto out = mix(seed() + static_cast<std::uint64_t>(value.GetType()) + 1);
  if (!value.IsArray() && !value.IsObject()) return out;
  if (levels == 0) {
    work.give_up();
    return out;
  }
  if (value.IsArray()) {
    if (!work.spend(value.Size())) return out;
    for (const auto& item : value.GetArray()) out = mix(out + hash_at(item, levels - 1, work));
  } else {
    if (!work.spend(value.MemberCount())) return out;
    for (const auto& member : value.GetObject()) {  // A sum, because the order of members means nothing.
      out += mix(hash_string(view(member.name)) * 3 + hash_at(member.value, levels - 1, work));
    }
  }
  return out;
}

}  // namespace

int compare_numbers(const Value& a, const Value& b) noexcept {
  if (a.IsInt64() && b.IsInt64()) {
    return a.GetInt64() < b.GetInt64() ? -1 : (a.GetInt64() > b.GetInt64() ? 1 : 0);
  }
  const auto x = wide(a), y = wide(b);
  return x < y ? -1 : (x > y ? 1 : 0);
}

bool is_whole(const Value& number) noexcept {
  return !number.IsDouble() || std::floor(number.GetDouble()) == number.GetDouble();
}

bool is_multiple(const Value& number, const Value& divisor) noexcept {
  if (number.IsUint64() && divisor.IsUint64()) return number.GetUint64() % divisor.GetUint64() == 0;
  if (number.IsInt64() && divisor.IsInt64()) return number.GetInt64() % divisor.GetInt64() == 0;
  // Whoever writes 1e-8 means the fraction, which no double holds, and every whole number is a multiple of 1/k.
  const double parts = std::round(1 / divisor.GetDouble());
  if (is_whole(number) && std::isfinite(parts) && parts >= 1 && 1 / parts == divisor.GetDouble()) return true;
  // 0.0075 is a multiple of 0.0001 although neither has an exact binary form: the quotient may miss by a few units, as
  // long as it is small enough to tell its neighbours apart.
  constexpr auto kEpsilon = static_cast<Wide>(std::numeric_limits<double>::epsilon());
  const Wide quotient = wide(number) / wide(divisor);
  if (std::abs(quotient) * kEpsilon >= 1) return std::fmod(wide(number), wide(divisor)) == 0;
  return std::abs(quotient - std::round(quotient)) <= std::abs(quotient) * 4 * kEpsilon;
}

bool is_equal(const Value& a, const Value& b, Work& work) { return is_equal_at(a, b, kMaxDepth, work); }

std::uint64_t hash(const Value& value, Work& work) { return hash_at(value, kMaxDepth, work); }

std::optional<std::pair<rapidjson::SizeType, rapidjson::SizeType>> find_equal_items(const Value& array, Work& work) {
  if (!work.spend(array.Size())) return {};
  boost::container::small_vector<std::pair<std::uint64_t, rapidjson::SizeType>, 16> items;
  items.reserve(array.Size());
  for (rapidjson::SizeType i = 0; i < array.Size(); ++i) items.emplace_back(hash(array[i], work), i);
  std::sort(items.begin(), items.end());
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t j = i + 1; j < items.size() && items[j].first == items[i].first; ++j) {
      if (!work.spend(1)) return {};
      if (is_equal(array[items[i].second], array[items[j].second], work))
        return std::pair(items[i].second, items[j].second);
    }
  }
  return {};
}

}  // namespace toolrack::registry
