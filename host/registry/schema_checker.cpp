#include "registry/schema_checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/utf8.hpp"
#include "registry/json_compare.hpp"
#include "registry/near_names.hpp"
#include "registry/schema_links.hpp"

namespace toolrack::registry::schema {

namespace json = base::json;
using json::Value;

namespace {

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
  for (const auto& [bit, name] : kNames)
    if ((types & bit) != 0) add(name);
  return out;
}

/// Short enough for a message: containers by kind, long texts cut.
std::string show(const Value& value) {
  if (value.IsObject()) return "an object";
  if (value.IsArray()) return "an array";
  if (value.IsString() && value.GetStringLength() > kShownBytes) {
    return json::quote(std::string(base::truncate_utf8(json::view(value), kShownBytes)) + "…");
  }
  return json::dump(value);
}

std::uint64_t code_points(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool matches(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

std::size_t depth_of(const Violation& violation) {
  return static_cast<std::size_t>(std::count(violation.pointer.begin(), violation.pointer.end(), '/'));
}

}  // namespace

std::vector<Violation> Checker::run(const Value& value) {
  std::vector<Violation> violations;
  out_ = &violations;
  const bool is_valid = check(0, value, Path{});
  if (is_exhausted_ && violations.empty()) {
    violations.push_back({"", "",
                          fmt::format("checking this value takes more than {} steps or {} levels; send a smaller one",
                                      kMaxSteps, kMaxNesting)});
  } else if (!is_valid && violations.empty()) {
    violations.push_back({"", "", "does not satisfy the schema"});
  }
  return violations;
}

bool Checker::spend(std::int64_t steps) noexcept {
  steps_left_ -= steps;
  if (steps_left_ < 0) is_exhausted_ = true;
  return !is_exhausted_;
}

template <typename Message>
bool Checker::violate(const Path& path, std::string_view keyword, const Message& message) {
  if (out_ == nullptr || out_->size() >= kMaxViolations || is_exhausted_) return false;
  std::vector<const Path*> parts;
  for (const auto* part = &path; part->parent != nullptr; part = part->parent) parts.push_back(part);
  std::string pointer;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    pointer += '/';
    pointer += (*part)->name.data() != nullptr ? escape_token((*part)->name) : std::to_string((*part)->index);
  }
  out_->push_back({std::move(pointer), std::string(keyword), message()});
  return false;
}

bool Checker::check(NodeId id, const Value& value, const Path& path) {
  if (!spend(1)) return false;
  const Node& node = program_.nodes[id];
  if (node.never) return violate(path, "false", [] { return std::string("no value is allowed here"); });
  if (!check_type(node, value, path)) return false;
  if (nesting_ >= kMaxNesting) {
    is_exhausted_ = true;
    return false;
  }
  ++nesting_;
  bool is_valid = check_options(node, value, path);
  const auto apply = [&](const auto& rules, auto rule) {
    if (rules && (is_valid || !may_stop())) is_valid &= (this->*rule)(*rules, value, path);
  };
  if (value.IsString()) apply(node.string, &Checker::check_string);
  if (value.IsNumber()) apply(node.number, &Checker::check_number);
  if (value.IsArray()) apply(node.array, &Checker::check_array);
  if (value.IsObject()) apply(node.object, &Checker::check_object);
  apply(node.in_place, &Checker::check_in_place);
  --nesting_;
  return is_valid;
}

bool Checker::check_type(const Node& node, const Value& value, const Path& path) {
  if (node.types == kAnyType || (node.types & type_of(value)) != 0) return true;
  return violate(path, "type", [&] {
    const bool is_container = value.IsObject() || value.IsArray() || value.IsNull();
    const auto actual = names_of(type_of(value));
    return fmt::format("expected {}, got {}", names_of(node.types), is_container ? actual : actual + " " + show(value));
  });
}

bool Checker::check_options(const Node& node, const Value& value, const Path& path) {
  if (node.constant != nullptr && !is_equal(*node.constant, value)) {
    return violate(path, "const",
                   [&] { return fmt::format("expected {}, got {}", show(*node.constant), show(value)); });
  }
  if (node.options == nullptr) return true;
  if (!spend(node.options->Size() / 8)) return false;
  for (const auto& option : node.options->GetArray())
    if (is_equal(option, value)) return true;
  return violate(path, "enum", [&] {
    std::string list;
    for (rapidjson::SizeType i = 0; i < node.options->Size() && i < kShownOptions; ++i) {
      list += (i > 0 ? ", " : "") + show((*node.options)[i]);
    }
    if (node.options->Size() > kShownOptions) list += fmt::format(" and {} more", node.options->Size() - kShownOptions);
    return fmt::format("expected one of {}; got {}", list, show(value));
  });
}

bool Checker::check_range(const Range& range, std::uint64_t actual, const char* min, const char* max,
                          std::string_view unit, const Path& path) {
  if (actual < range.min) {
    return violate(path, min, [&] { return fmt::format("expected at least {} {}, got {}", range.min, unit, actual); });
  }
  if (actual > range.max) {
    return violate(path, max, [&] { return fmt::format("expected at most {} {}, got {}", range.max, unit, actual); });
  }
  return true;
}

bool Checker::check_string(const StringRules& rules, const Value& value, const Path& path) {
  const auto text = json::view(value);
  if (!spend(static_cast<std::int64_t>(text.size() / 64))) return false;
  bool is_valid = check_range(rules.length, code_points(text), "minLength", "maxLength", "characters", path);
  if (rules.pattern && (is_valid || !may_stop()) && !matches(*rules.pattern, text)) {
    is_valid = violate(path, "pattern", [&] {
      return fmt::format("expected a match of {}, got {}", rules.pattern->pattern(), show(value));
    });
  }
  return is_valid;
}

bool Checker::check_number(const NumberRules& rules, const Value& value, const Path& path) {
  const auto wrong = [&](const char* keyword, const char* relation, const Value& limit) {
    return violate(path, keyword,
                   [&] { return fmt::format("expected {} {}, got {}", relation, show(limit), show(value)); });
  };
  if (rules.minimum && compare_numbers(value, *rules.minimum) < 0) return wrong("minimum", "at least", *rules.minimum);
  if (rules.maximum && compare_numbers(value, *rules.maximum) > 0) return wrong("maximum", "at most", *rules.maximum);
  if (rules.exclusive_minimum && compare_numbers(value, *rules.exclusive_minimum) <= 0) {
    return wrong("exclusiveMinimum", "more than", *rules.exclusive_minimum);
  }
  if (rules.exclusive_maximum && compare_numbers(value, *rules.exclusive_maximum) >= 0) {
    return wrong("exclusiveMaximum", "less than", *rules.exclusive_maximum);
  }
  if (rules.multiple_of && !is_multiple(value, *rules.multiple_of)) {
    return wrong("multipleOf", "a multiple of", *rules.multiple_of);
  }
  return true;
}

bool Checker::check_array(const ArrayRules& rules, const Value& value, const Path& path) {
  bool is_valid = check_range(rules.count, value.Size(), "minItems", "maxItems", "items", path);
  for (rapidjson::SizeType i = 0; i < value.Size() && (is_valid || !may_stop()); ++i) {
    const auto item = i < rules.prefix.size() ? rules.prefix[i] : rules.rest;
    if (item == kNone) break;
    is_valid &= check(item, value[i], Path{&path, {}, i});
  }
  if (rules.contains != kNone && (is_valid || !may_stop())) is_valid &= check_contains(rules, value, path);
  if (rules.unique && (is_valid || !may_stop())) {
    if (!spend(value.Size())) return false;
    if (!has_distinct_items(value)) {
      is_valid = violate(path, "uniqueItems", [] { return std::string("expected every item only once"); });
    }
  }
  return is_valid;
}

bool Checker::check_contains(const ArrayRules& rules, const Value& value, const Path& path) {
  std::uint64_t found = 0;
  for (rapidjson::SizeType i = 0; i < value.Size() && !is_exhausted_; ++i) {
    if (holds(rules.contains, value[i], path)) ++found;
    if (found >= rules.contained.min && rules.contained.max == kNoLimit) return true;
  }
  const bool is_plain = rules.contained.min == 1 && rules.contained.max == kNoLimit;
  return check_range(rules.contained, found, is_plain ? "contains" : "minContains", "maxContains", "items that fit",
                     path);
}

bool Checker::check_object(const ObjectRules& rules, const Value& value, const Path& path) {
  bool is_valid = check_range(rules.count, value.MemberCount(), "minProperties", "maxProperties", "properties", path);
  std::size_t required_found = 0;
  for (auto member = value.MemberBegin(); member != value.MemberEnd() && (is_valid || !may_stop()); ++member) {
    const auto* property = rules.find(json::view(member->name));
    if (property != nullptr && property->is_required) ++required_found;
    is_valid &= check_member(rules, property, member->name, member->value, path);
  }
  // Names are unique, so equal counts mean that all are there.
  if (required_found < rules.required_count && (is_valid || !may_stop()))
    is_valid &= check_required(rules, value, path);
  if (!rules.dependents.empty() && (is_valid || !may_stop())) is_valid &= check_dependents(rules, value, path);
  return is_valid;
}

bool Checker::check_member(const ObjectRules& rules, const Property* property, const Value& name, const Value& value,
                           const Path& path) {
  const Path here{&path, json::view(name), 0};
  bool is_valid = true;
  if (rules.names != kNone) is_valid &= check(rules.names, name, here);
  bool is_additional = true;
  if (property != nullptr && property->is_declared) {
    is_additional = false;
    is_valid &= check(property->schema, value, here);
  }
  for (const auto& [pattern, schema] : rules.patterns) {
    if (!spend(1 + name.GetStringLength() / 64)) return false;
    if (!matches(*pattern, json::view(name))) continue;
    is_additional = false;
    is_valid &= check(schema, value, here);
  }
  if (!is_additional || rules.additional == kNone) return is_valid;
  if (!program_.nodes[rules.additional].never) return check(rules.additional, value, here) && is_valid;
  return violate(here, "additionalProperties", [&] {
    std::vector<std::string_view> known;
    for (const auto& declared : rules.properties)
      if (declared.is_declared) known.push_back(declared.name);
    return fmt::format("there is no property {} here.{}",
                       json::quote(base::truncate_utf8(json::view(name), kShownBytes)),
                       did_you_mean(json::view(name), known));
  });
}

bool Checker::check_required(const ObjectRules& rules, const Value& value, const Path& path) {
  for (const auto& property : rules.properties) {
    if (!property.is_required) continue;
    if (!spend(1 + value.MemberCount() / 16)) return false;
    if (json::find(value, property.name) != nullptr) continue;
    violate(path, "required", [&] { return fmt::format("property {} is missing", json::quote(property.name)); });
    if (may_stop()) break;
  }
  return false;
}

bool Checker::check_dependents(const ObjectRules& rules, const Value& value, const Path& path) {
  bool is_valid = true;
  for (const auto& dependent : rules.dependents) {
    if (!spend(1 + value.MemberCount() / 16)) return false;
    if (json::find(value, dependent.name) == nullptr) continue;
    for (const auto& name : dependent.required) {
      if (!spend(1 + value.MemberCount() / 16)) return false;
      if (json::find(value, name) != nullptr) continue;
      is_valid = violate(path, "dependentRequired", [&] {
        return fmt::format("property {} is missing; it goes with {}", json::quote(name), json::quote(dependent.name));
      });
    }
    if (dependent.schema != kNone && (is_valid || !may_stop())) is_valid &= check(dependent.schema, value, path);
  }
  return is_valid;
}

bool Checker::holds(NodeId id, const Value& value, const Path& path) {
  auto* const out = std::exchange(out_, nullptr);
  const bool is_valid = check(id, value, path);
  out_ = out;
  return is_valid;
}

bool Checker::check_in_place(const InPlace& rules, const Value& value, const Path& path) {
  bool is_valid = rules.ref == kNone || check(rules.ref, value, path);
  for (const auto id : rules.all_of) {
    if (!is_valid && may_stop()) return false;
    is_valid &= check(id, value, path);
  }
  if (!rules.any_of.empty() && (is_valid || !may_stop())) {
    const auto fits = [&](NodeId id) { return holds(id, value, path); };
    if (std::none_of(rules.any_of.begin(), rules.any_of.end(), fits)) {
      is_valid =
          violate(path, "anyOf", [&] { return fmt::format("fits none of the {} allowed forms", rules.any_of.size()); });
      explain_nearest(rules.any_of, value, path);
    }
  }
  if (!rules.one_of.empty() && (is_valid || !may_stop())) is_valid &= check_one_of(rules, value, path);
  if (rules.not_schema != kNone && (is_valid || !may_stop()) && holds(rules.not_schema, value, path)) {
    is_valid = violate(path, "not", [&] { return fmt::format("{} is excluded here", show(value)); });
  }
  if (rules.if_schema != kNone && (is_valid || !may_stop())) is_valid &= check_condition(rules, value, path);
  return is_valid;
}

bool Checker::check_one_of(const InPlace& rules, const Value& value, const Path& path) {
  std::optional<std::size_t> first, second;
  for (std::size_t i = 0; i < rules.one_of.size() && !second; ++i)
    if (holds(rules.one_of[i], value, path)) (first ? second : first) = i;
  if (first && !second) return true;
  if (first) {
    return violate(path, "oneOf", [&] {
      return fmt::format("fits more than one of the {} allowed forms (number {} and number {})", rules.one_of.size(),
                         *first + 1, *second + 1);
    });
  }
  violate(path, "oneOf", [&] { return fmt::format("fits none of the {} allowed forms", rules.one_of.size()); });
  explain_nearest(rules.one_of, value, path);
  return false;
}

bool Checker::check_condition(const InPlace& rules, const Value& value, const Path& path) {
  const auto branch = holds(rules.if_schema, value, path) ? rules.then_schema : rules.else_schema;
  return branch == kNone || check(branch, value, path);
}

void Checker::explain_nearest(const std::vector<NodeId>& alternatives, const Value& value, const Path& path) {
  if (may_stop()) return;
  auto* const out = out_;
  std::vector<Violation> nearest;
  for (const auto id : alternatives) {
    std::vector<Violation> violations;
    out_ = &violations;
    check(id, value, path);
    if (violations.empty()) continue;
    // The form that fails deepest inside the value is most likely the one that was meant.
    const auto rank = [](const std::vector<Violation>& v) {
      return std::pair(depth_of(v.front()), -static_cast<int>(v.size()));
    };
    if (nearest.empty() || rank(violations) > rank(nearest)) nearest = std::move(violations);
  }
  out_ = out;
  for (auto& violation : nearest)
    if (out_->size() < kMaxViolations) out_->push_back(std::move(violation));
}

}  // namespace toolrack::registry::schema
