#include "registry/schema_narrowing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "registry/json_compare.hpp"
#include "registry/schema_extent.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;
using extent::kArray;
using extent::kFraction;
using extent::kInteger;
using extent::kObject;
using extent::kText;
using json::Value;

constexpr std::size_t kMostSteps = 20'000;
constexpr std::size_t kMostOpen = 100;
constexpr int kMostHops = 16;

/// They describe and never refuse.
constexpr std::array<std::string_view, 14> kWords{
    "title",     "description", "default",          "examples",        "$comment", "deprecated",  "readOnly",
    "writeOnly", "$schema",     "contentMediaType", "contentEncoding", "$defs",    "definitions", "$id"};

bool is_word(std::string_view keyword) {
  return std::ranges::find(kWords, keyword) != kWords.end() || keyword.starts_with("x-");
}

bool has(const Value& list, std::string_view text) {
  return list.IsArray() && std::ranges::any_of(list.GetArray(), [&](const Value& one) {
           return one.IsString() && json::view(one) == text;
         });
}

std::string escape(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

/// Of the keywords that refuse something, only `keyword` stands there.
bool is_only(const Value& schema, std::string_view keyword) {
  return std::ranges::all_of(schema.GetObject(), [&](const auto& member) {
    return json::view(member.name) == keyword || is_word(json::view(member.name));
  });
}

const Value& anything() {
  static const Value value(rapidjson::kObjectType);
  return value;
}

}  // namespace

SchemaNarrowing::Place SchemaNarrowing::Place::member(std::string_view name) const {
  return {schema == nullptr ? nullptr : json::find(*schema, name), fmt::format("{}/{}", pointer, escape(name))};
}

SchemaNarrowing::Place SchemaNarrowing::Place::item(rapidjson::SizeType index) const {
  return {&(*schema)[index], fmt::format("{}/{}", pointer, index)};
}

SchemaNarrowing::SchemaNarrowing(const Value& before, std::string before_pointer, const Value& after,
                                 std::string after_pointer)
    : before_{&before, std::move(before_pointer)}, after_{&after, std::move(after_pointer)} {}

std::vector<Break> SchemaNarrowing::find() {
  compare(before_, after_);
  if (steps_ > kMostSteps) add(after_.pointer, "is too large to be compared");
  return std::move(breaks_);
}

SchemaNarrowing::Place SchemaNarrowing::target_of(const Place& place, const Place& root) {
  const auto reference = json::find_string(*place.schema, "$ref");
  if (!reference || !reference->starts_with('#')) return {nullptr, ""};
  return {json::at(*root.schema, reference->substr(1)), fmt::format("{}{}", root.pointer, reference->substr(1))};
}

SchemaNarrowing::Place SchemaNarrowing::follow(Place place, const Place& root) {
  for (int hops = 0; hops < kMostHops && place.schema->IsObject() && is_only(*place.schema, "$ref"); ++hops) {
    auto target = target_of(place, root);
    if (!target.is_there()) break;
    place = std::move(target);
  }
  return place;
}

void SchemaNarrowing::compare(Place before, Place after) {
  if (++steps_ > kMostSteps) return;
  before = follow(std::move(before), before_);
  after = follow(std::move(after), after_);
  if (after.schema->IsBool()) {
    const bool took_nothing = before.schema->IsBool() && !before.schema->GetBool();
    if (!after.schema->GetBool() && !took_nothing) add(after.pointer, "takes nothing any more");
    return;
  }
  if (before.schema->IsBool()) {
    if (!before.schema->GetBool()) return;
    before.schema = &anything();
  }
  if (!before.schema->IsObject() || !after.schema->IsObject()) return;
  const std::pair pair(before.schema, after.schema);
  if (std::ranges::find(open_, pair) != open_.end()) return;
  if (open_.size() == kMostOpen) {
    steps_ = kMostSteps + 1;
    return;
  }
  open_.push_back(pair);
  const auto types = types_;
  compare_keywords(before, after);
  types_ = types;
  open_.pop_back();
}

void SchemaNarrowing::compare_keywords(const Place& before, const Place& after) {
  for (const auto* keyword : {"anyOf", "oneOf"}) {
    const auto list = before.member(keyword);
    if (!list.is_there() || !list.schema->IsArray() || after.member(keyword).is_there() ||
        !is_only(*before.schema, keyword))
      continue;
    // Each of several ways must still be open.
    for (rapidjson::SizeType i = 0; i < list.schema->Size(); ++i) compare(list.item(i), after);
    return;
  }
  const auto took = extent::types_of(*before.schema), takes = extent::types_of(*after.schema);
  const auto has_values = !extent::values_of(*after.schema).empty();
  if ((took & ~takes) != 0 && !has_values) {
    const auto type = after.member("type");
    add(type.is_there() ? type.pointer : after.pointer,
        fmt::format("takes no {} any more", extent::names_of(took & ~takes)));
  }
  compare_values(before, after);
  types_ = took & takes;
  if (!has_values) {
    compare_bounds(before, after);
    compare_texts(before, after);
  }
  if ((types_ & kArray) != 0) compare_items(before, after);
  if ((types_ & kObject) != 0) compare_members(before, after);
  compare_alternatives(before, after);
  for (const auto* keyword : {"not", "if", "then", "else", "$dynamicRef", "$recursiveRef"})
    require_same(before, after, keyword);
  // A reference with others beside it.
  const auto leads_to = target_of(after, after_), led_to = target_of(before, before_);
  if (leads_to.is_there())
    compare(led_to.is_there() ? led_to : before, leads_to);
  else
    require_same(before, after, "$ref");
}

void SchemaNarrowing::compare_values(const Place& before, const Place& after) {
  const auto takes = extent::values_of(*after.schema);
  if (takes.empty()) return;
  const auto place = after.member(json::find(*after.schema, "const") != nullptr ? "const" : "enum").pointer;
  const auto took = extent::values_of(*before.schema);
  if (took.empty()) return add(place, "takes certain values only now");
  for (const auto* value : took)
    if (std::ranges::none_of(takes, [&](const Value* one) { return *one == *value; }))
      add(place, fmt::format("takes {} no more", json::dump(*value)));
}

void SchemaNarrowing::compare_bounds(const Place& before, const Place& after) {
  for (const auto& range : extent::kRanges) {
    if ((types_ & range.of) == 0) continue;
    for (const bool is_high : {false, true}) {
      const auto takes = extent::end_of(*after.schema, range, is_high);
      const auto took = extent::end_of(*before.schema, range, is_high);
      if (!takes || !takes->is_tighter_than(took)) continue;
      auto keyword = is_high ? range.high : range.low;
      if (json::find(*after.schema, keyword) == nullptr) keyword = is_high ? "exclusiveMaximum" : "exclusiveMinimum";
      const auto* number = json::find(*after.schema, keyword);
      const auto text = number == nullptr ? std::string() : json::dump(*number);
      add(after.member(keyword).pointer,
          took && !(took->at == 0 && !is_high && range.low != "minimum")
              ? fmt::format("is {} now, and was {}", text, is_high ? -took->at : took->at)
              : fmt::format("is {} now, and there was no such bound", text));
    }
  }
  const auto* step = json::find(*after.schema, "multipleOf");
  if (step != nullptr && step->IsNumber() && step->GetDouble() > 0 && (types_ & (kInteger | kFraction)) != 0) {
    const auto* former = json::find(*before.schema, "multipleOf");
    static const Value one(1);
    const bool is_finer = former != nullptr && former->IsNumber()
                              ? is_multiple(*former, *step)
                              : (types_ & kFraction) == 0 && is_multiple(one, *step);
    if (!is_finer) add(after.member("multipleOf").pointer, fmt::format("is {} now", json::dump(*step)));
  }
  if ((types_ & kArray) != 0 && json::find_bool(*after.schema, "uniqueItems").value_or(false) &&
      !json::find_bool(*before.schema, "uniqueItems").value_or(false))
    add(after.member("uniqueItems").pointer, "takes no equal items any more");
}

void SchemaNarrowing::compare_texts(const Place& before, const Place& after) {
  if ((types_ & kText) == 0) return;
  for (const auto* keyword : {"pattern", "format"}) require_same(before, after, keyword);
}

void SchemaNarrowing::require_same(const Place& before, const Place& after, std::string_view keyword) {
  const auto next = after.member(keyword);
  if (!next.is_there()) return;
  const auto* former = json::find(*before.schema, keyword);
  if (former != nullptr && *former == *next.schema) return;
  add(next.pointer,
      fmt::format("is {}, so what was taken before may be refused", former == nullptr ? "new" : "another"));
}

void SchemaNarrowing::compare_items(const Place& before, const Place& after) {
  for (const auto* keyword : {"contains", "minContains", "maxContains", "unevaluatedItems", "additionalItems"})
    require_same(before, after, keyword);
  const auto all = after.member("items"), former_all = before.member("items");
  if ((all.is_there() && all.schema->IsArray()) || (former_all.is_there() && former_all.schema->IsArray()))
    return require_same(before, after, "items");  // Draft 7.
  const auto first = after.member("prefixItems"), former_first = before.member("prefixItems");
  const auto size_of = [](const Place& list) {
    return list.is_there() && list.schema->IsArray() ? list.schema->Size() : rapidjson::SizeType{0};
  };
  const auto item_of = [&](const Place& prefix, const Place& rest, const Place& whole, rapidjson::SizeType i) {
    if (i < size_of(prefix)) return prefix.item(i);
    return rest.is_there() ? rest : Place{&anything(), whole.pointer};
  };
  for (rapidjson::SizeType i = 0; i < std::max(size_of(first), size_of(former_first)); ++i)
    compare(item_of(former_first, former_all, before, i), item_of(first, all, after, i));
  if (all.is_there()) compare(item_of({nullptr, ""}, former_all, before, 0), all);
}

void SchemaNarrowing::compare_required(const Place& before, const Place& after) {
  const auto names = after.member("required");
  if (!names.is_there() || !names.schema->IsArray()) return;
  const auto* former = json::find(*before.schema, "required");
  for (rapidjson::SizeType i = 0; i < names.schema->Size(); ++i) {
    const auto& name = (*names.schema)[i];
    if (name.IsString() && (former == nullptr || !has(*former, json::view(name))))
      add(names.item(i).pointer, fmt::format("\"{}\" is required now", json::view(name)));
  }
}

void SchemaNarrowing::compare_members(const Place& before, const Place& after) {
  compare_required(before, after);
  for (const auto* keyword : {"patternProperties", "propertyNames", "dependentRequired", "dependentSchemas",
                              "dependencies", "unevaluatedProperties"})
    require_same(before, after, keyword);
  const auto members = after.member("properties"), former = before.member("properties");
  const auto others = after.member("additionalProperties"), former_others = before.member("additionalProperties");
  if (former.is_there() && former.schema->IsObject()) {
    for (const auto& [key, value] : former.schema->GetObject()) {
      const auto name = json::view(key);
      const auto was = former.member(name);
      if (value.IsBool() && !value.GetBool()) continue;  // It was never taken.
      const auto is = members.member(name);
      if (is.is_there())
        compare(was, is);
      else if (others.is_there() && others.schema->IsObject())
        compare(was, others);
      else
        breaks_.push_back({was.pointer, true, "is gone"});
    }
  }
  // A new member is no break, although a caller may have sent something by that name that nobody looked at. It is one
  // where such members had a meaning.
  if (former_others.is_there() && former_others.schema->IsObject() && members.is_there() &&
      members.schema->IsObject()) {
    for (const auto& [key, value] : members.schema->GetObject())
      if (!former.member(json::view(key)).is_there()) compare(former_others, members.member(json::view(key)));
  }
  if (!others.is_there()) return;
  if (others.schema->IsBool() && !others.schema->GetBool()) {
    if (!former_others.is_there() || former_others.schema->IsObject() || former_others.schema->GetBool())
      add(others.pointer, "refuses members that were taken before");
    return;
  }
  compare(former_others.is_there() ? former_others : Place{&anything(), before.pointer}, others);
}

bool SchemaNarrowing::covers(const Place& before, const Place& after) {
  const auto told = breaks_.size();
  compare(before, after);
  const bool is_covered = breaks_.size() == told && steps_ <= kMostSteps;
  breaks_.resize(told);
  return is_covered;
}

void SchemaNarrowing::compare_alternatives(const Place& before, const Place& after) {
  for (const auto* keyword : {"anyOf", "oneOf"}) {
    const auto ways = after.member(keyword);
    if (!ways.is_there() || !ways.schema->IsArray()) continue;
    const auto is_open = [&](const Place& way) {
      for (rapidjson::SizeType i = 0; i < ways.schema->Size(); ++i)
        if (covers(way, ways.item(i))) return true;
      return false;
    };
    const auto former = before.member(keyword);
    if (!former.is_there() || !former.schema->IsArray()) {
      if (!is_open(before)) add(ways.pointer, "is new, so what was taken before may be refused");
      continue;
    }
    for (rapidjson::SizeType i = 0; i < former.schema->Size(); ++i)
      if (!is_open(former.item(i))) breaks_.push_back({former.item(i).pointer, true, "is taken no more as it was"});
  }
  const auto all = after.member("allOf");
  if (!all.is_there() || !all.schema->IsArray()) return;
  const auto former = before.member("allOf");
  for (rapidjson::SizeType i = 0; i < all.schema->Size(); ++i) {
    bool is_covered = covers(before, all.item(i));
    if (former.is_there() && former.schema->IsArray())
      for (rapidjson::SizeType k = 0; k < former.schema->Size() && !is_covered; ++k)
        is_covered = covers(former.item(k), all.item(i));
    if (!is_covered) add(all.item(i).pointer, "refuses what was taken before");
  }
}

}  // namespace toolrack::registry
