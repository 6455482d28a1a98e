// The half of the checker that looks at one value and one schema alone.

#include <fmt/format.h>

#include <algorithm>

#include "base/shown_text.hpp"
#include "registry/json_compare.hpp"
#include "registry/near_names.hpp"
#include "registry/schema_checker.hpp"

namespace toolrack::registry::schema {

namespace json = base::json;

namespace {

using json::Value;

constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kShownOptions = 12;

std::uint8_t type_of(const Value& value) noexcept {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return kNull;
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return kBoolean;
    case rapidjson::kObjectType:
      return kObject;
    case rapidjson::kArrayType:
      return kArray;
    case rapidjson::kStringType:
      return kString;
    case rapidjson::kNumberType:
      break;
  }
  return is_whole(value) ? kInteger : kFraction;
}

std::string names_of(std::uint8_t types) {
  static constexpr std::pair<int, const char*> kNames[] = {
      {kNull, "null"}, {kBoolean, "boolean"}, {kString, "string"}, {kArray, "array"}, {kObject, "object"}};
  std::string out;
  const auto add = [&out](const char* name) {
    if (!out.empty()) out += " or ";
    out += name;
  };
  if ((types & kFraction) != 0) {
    add("number");
  } else if ((types & kInteger) != 0) {
    add("integer");
  }
  for (const auto& [type, name] : kNames)
    if ((types & type) != 0) add(name);
  return out;
}

std::uint64_t code_points(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string show(const Value& value) {
  if (value.IsObject()) return "an object";
  if (value.IsArray()) return "an array";
  if (value.IsString()) return base::shown(json::view(value), kShownBytes);
  return json::dump(value);
}

Checker::Alone Checker::check_alone(const Node& node, const Value& value, std::uint32_t at, bool is_quiet) {
  if (node.never) {
    if (!is_quiet) complain(at, "false", "no value", show(value), "no value is allowed here");
    return Alone::kWrongKind;
  }
  if (node.types != kAnyType && (node.types & type_of(value)) == 0) {
    if (!is_quiet) {
      const bool is_plain = value.IsObject() || value.IsArray() || value.IsNull();
      const auto name = names_of(type_of(value));
      complain(at, "type", names_of(node.types), is_plain ? name : fmt::format("{} {}", name, show(value)));
    }
    return Alone::kWrongKind;
  }
  bool is_good = (node.constant == nullptr && !node.options) || check_options(node, value, at, is_quiet);
  if (!is_good && is_quiet) return Alone::kFails;
  if (value.IsString()) {
    if (node.string) is_good &= check_string(*node.string, value, at, is_quiet);
  } else if (value.IsNumber()) {
    if (node.number) is_good &= check_number(*node.number, value, at, is_quiet);
  } else if (value.IsArray()) {
    if (node.array) is_good &= check_array(*node.array, value, at, is_quiet);
  } else if (value.IsObject()) {
    if (node.object) is_good &= check_object(node, value, at, is_quiet);
  }
  return is_good ? Alone::kHolds : Alone::kFails;
}

bool Checker::check_options(const Node& node, const Value& value, std::uint32_t at, bool is_quiet) {
  if (node.constant != nullptr && !is_equal(*node.constant, value, *work_)) {
    if (!is_quiet) complain(at, "const", show(*node.constant), show(value));
    return false;
  }
  if (!node.options || is_among(*node.options, value)) return true;
  if (is_quiet) return false;
  const auto& list = *node.options->list;
  std::string shown;
  for (rapidjson::SizeType i = 0; i < list.Size() && i < kShownOptions; ++i)
    shown += (i > 0 ? ", " : "") + show(list[i]);
  if (list.Size() > kShownOptions) shown += fmt::format(" and {} more", list.Size() - kShownOptions);
  if (list.Empty()) shown = "no values";
  complain(at, "enum", fmt::format("one of {}", shown), show(value),
           fmt::format("expected one of {}; got {}", shown, show(value)));
  return false;
}

bool Checker::is_among(const Options& options, const Value& value) {
  const auto& list = *options.list;
  if (options.by_hash.empty()) {
    return std::any_of(list.Begin(), list.End(), [&](const Value& one) { return is_equal(one, value, *work_); });
  }
  const auto wanted = std::pair(hash(value, *work_), rapidjson::SizeType{0});
  for (auto it = std::lower_bound(options.by_hash.begin(), options.by_hash.end(), wanted);
       it != options.by_hash.end() && it->first == wanted.first && work_->spend(1); ++it)
    if (is_equal(list[it->second], value, *work_)) return true;
  return false;
}

bool Checker::check_range(const Range& range, std::uint64_t actual, const char* min, const char* max,
                          std::string_view unit, std::uint32_t at, bool is_quiet) {
  if (actual >= range.min && actual <= range.max) return true;
  if (is_quiet) return false;
  const bool is_low = actual < range.min;
  complain(at, is_low ? min : max,
           fmt::format("at {} {} {}", is_low ? "least" : "most", is_low ? range.min : range.max, unit),
           std::to_string(actual));
  return false;
}

bool Checker::check_string(const StringRules& rules, const Value& value, std::uint32_t at, bool is_quiet) {
  const auto text = json::view(value);
  bool is_good = true;
  // Bytes decide most lengths: a code point has one to four.
  if (text.size() / 4 < rules.length.min || text.size() > rules.length.max) {
    work_->spend(static_cast<std::int64_t>(text.size() / 64));
    is_good = check_range(rules.length, code_points(text), "minLength", "maxLength", "characters", at, is_quiet);
    if (!is_good && is_quiet) return false;
  }
  if (rules.pattern && !rules.pattern->matches(text, *work_)) {
    is_good = false;
    if (is_quiet) return false;
    complain(at, "pattern", fmt::format("a match of {}", rules.pattern->text()), show(value));
  }
  if (rules.format != nullptr) {
    work_->spend(static_cast<std::int64_t>(std::min(text.size(), kMaxFormatBytes) / 16));
    if (text.size() > kMaxFormatBytes || !rules.format->is_valid(text)) {
      is_good = false;
      if (!is_quiet) complain(at, "format", std::string(rules.format->expected), show(value));
    }
  }
  return is_good;
}

bool Checker::check_number(const NumberRules& rules, const Value& value, std::uint32_t at, bool is_quiet) {
  bool is_good = true;
  const auto wrong = [&](const char* keyword, const char* relation, const Value& limit) {
    is_good = false;
    if (!is_quiet) complain(at, keyword, fmt::format("{} {}", relation, show(limit)), show(value));
  };
  if (rules.minimum && compare_numbers(value, *rules.minimum) < 0) wrong("minimum", "at least", *rules.minimum);
  if (rules.maximum && compare_numbers(value, *rules.maximum) > 0) wrong("maximum", "at most", *rules.maximum);
  if (rules.exclusive_minimum && compare_numbers(value, *rules.exclusive_minimum) <= 0) {
    wrong("exclusiveMinimum", "more than", *rules.exclusive_minimum);
  }
  if (rules.exclusive_maximum && compare_numbers(value, *rules.exclusive_maximum) >= 0) {
    wrong("exclusiveMaximum", "less than", *rules.exclusive_maximum);
  }
  if (rules.multiple_of && !is_multiple(value, *rules.multiple_of)) {
    wrong("multipleOf", "a multiple of", *rules.multiple_of);
  }
  return is_good;
}

bool Checker::check_array(const ArrayRules& rules, const Value& value, std::uint32_t at, bool is_quiet) {
  bool is_good = check_range(rules.count, value.Size(), "minItems", "maxItems", "items", at, is_quiet);
  if (!rules.unique || (!is_good && is_quiet)) return is_good;
  if (const auto twins = find_equal_items(value, *work_)) {
    is_good = false;
    if (!is_quiet) {
      complain(at, "uniqueItems", "every item only once",
               fmt::format("items {} and {} equal", twins->first, twins->second));
    }
  }
  return is_good;
}

bool Checker::check_object(const Node& node, const Value& value, std::uint32_t at, bool is_quiet) {
  const auto& rules = *node.object;
  bool is_good =
      check_range(rules.count, value.MemberCount(), "minProperties", "maxProperties", "properties", at, is_quiet);
  // Whoever walks the members anyway counts the required ones on the way.
  if (rules.required_count == 0 || (node.object_stages & bit(Stage::kMembers)) != 0) return is_good;
  if (!work_->spend(rules.required_count * (1 + value.MemberCount() / 16))) return false;
  for (const auto& property : rules.properties.list()) {
    if (!property.is_required || json::find(value, property.name) != nullptr) continue;
    if (!is_quiet) complain_missing(rules, value, at);
    is_good = false;
    break;
  }
  return is_good;
}

void Checker::complain_missing(const ObjectRules& rules, const Value& value, std::uint32_t at) {
  for (const auto& property : rules.properties.list()) {
    if (!property.is_required || !work_->spend(1 + value.MemberCount() / 16)) continue;
    if (json::find(value, property.name) != nullptr) continue;
    complain(at, "required", fmt::format("property {}", json::quote(property.name)), "none of that name",
             fmt::format("property {} is missing", json::quote(property.name)));
  }
}

void Checker::complain_unknown(const ObjectRules& rules, std::string_view keyword, std::string_view name,
                               std::uint32_t at) {
  std::vector<std::string_view> known;
  std::string shown;
  for (const auto& declared : rules.properties.list()) {
    if (!declared.is_declared) continue;
    if (known.size() < kShownOptions) shown += (known.empty() ? "" : ", ") + json::quote(declared.name);
    known.push_back(declared.name);
  }
  if (known.size() > kShownOptions) shown += fmt::format(" and {} more", known.size() - kShownOptions);
  const auto quoted = base::shown(name, kShownBytes);
  complain(at, keyword, known.empty() ? "no other properties" : fmt::format("one of the properties {}", shown), quoted,
           fmt::format("there is no property {} here.{}", quoted, did_you_mean(name, known)));
}

}  // namespace toolrack::registry::schema
