#include "registry/schema_extent.hpp"

#include <algorithm>
#include <utility>

#include "registry/json_compare.hpp"

namespace toolrack::registry::extent {
namespace {

namespace json = base::json;
using json::Value;

constexpr std::array<std::pair<std::string_view, unsigned>, 7> kTypes{{{"null", kNull},
                                                                       {"boolean", kBoolean},
                                                                       {"object", kObject},
                                                                       {"array", kArray},
                                                                       {"string", kText},
                                                                       {"integer", kInteger},
                                                                       {"number", kInteger | kFraction}}};

unsigned type_of(std::string_view name) {
  const auto* found = std::ranges::find(kTypes, name, &std::pair<std::string_view, unsigned>::first);
  return found == kTypes.end() ? 0 : found->second;
}

unsigned type_of(const Value& value) {
  if (value.IsNull()) return kNull;
  if (value.IsBool()) return kBoolean;
  if (value.IsObject()) return kObject;
  if (value.IsArray()) return kArray;
  if (value.IsString()) return kText;
  return is_whole(value) ? kInteger : kFraction;
}

void tighten(std::optional<End>& end, End other) {
  if (other.is_tighter_than(end)) end = other;
}

std::size_t length_of(const Value& text) {
  const auto bytes = json::view(text);
  return static_cast<std::size_t>(
      std::ranges::count_if(bytes, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string names_of(unsigned types) {
  std::string out;
  for (auto i = kTypes.size(); i-- > 0;) {  // "number" before "integer".
    if ((types & kTypes[i].second) != kTypes[i].second) continue;
    types &= ~kTypes[i].second;
    out.append(out.empty() ? "" : ", ").append(kTypes[i].first);
  }
  if (types != 0) out.append(out.empty() ? "" : ", ").append("fractions");
  return out;
}

std::vector<const Value*> values_of(const Value& schema) {
  std::vector<const Value*> out;
  if (const auto* one = json::find(schema, "const")) return {one};
  const auto* list = json::find(schema, "enum");
  if (list != nullptr && list->IsArray())
    for (const auto& value : list->GetArray()) out.push_back(&value);
  return out;
}

unsigned types_of(const Value& schema, int depth) {
  if (!schema.IsObject()) return kEverything;
  unsigned out = kEverything;
  if (const auto* type = json::find(schema, "type")) {
    out = type->IsString() ? type_of(json::view(*type)) : 0;
    if (type->IsArray())
      for (const auto& one : type->GetArray())
        if (one.IsString()) out |= type_of(json::view(one));
  }
  if (const auto values = values_of(schema); !values.empty()) {
    unsigned of_values = 0;
    for (const auto* value : values) of_values |= type_of(*value);
    out &= of_values;
  }
  for (const auto* keyword : {"anyOf", "oneOf"}) {
    const auto* list = json::find(schema, keyword);
    if (list == nullptr || !list->IsArray() || depth > 3) continue;
    unsigned of_all = 0;
    for (const auto& one : list->GetArray()) of_all |= types_of(one, depth + 1);
    out &= of_all;
  }
  return out;
}

std::optional<End> end_of(const Value& schema, const Range& range, bool is_high) {
  const double sign = is_high ? -1 : 1;
  std::optional<End> out;
  const auto read = [&](std::string_view keyword, bool is_open) {
    const auto* number = json::find(schema, keyword);
    if (number != nullptr && number->IsNumber()) tighten(out, {sign * number->GetDouble(), is_open});
  };
  read(is_high ? range.high : range.low, false);
  if (range.low == "minimum") read(is_high ? "exclusiveMaximum" : "exclusiveMinimum", true);
  std::optional<double> of_values;
  for (const auto* value : values_of(schema)) {
    if ((type_of(*value) & range.of) == 0) continue;
    const auto size = value->IsNumber()   ? value->GetDouble()
                      : value->IsString() ? static_cast<double>(length_of(*value))
                      : value->IsArray()  ? static_cast<double>(value->Size())
                                          : static_cast<double>(value->MemberCount());
    of_values = of_values ? std::min(*of_values, sign * size) : sign * size;
  }
  if (of_values) tighten(out, {*of_values, false});
  if (!out && !is_high && range.low != "minimum") out = End{0, false};  // Nothing is shorter than nothing.
  return out;
}

}  // namespace toolrack::registry::extent
