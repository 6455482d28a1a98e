#include "lint/value_maker.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace toolrack::lint {

namespace json = base::json;

namespace {

using Value = json::Value;

constexpr int kDeepest = 6;            // Below it, only what is required.
constexpr std::size_t kLongest = 400;  // Characters of a text that has no bound of its own.

const Value* member(const Value& schema, std::string_view key) { return json::find(schema, key); }

/// By `format`, something of that kind; null: any text will do.
const char* sample_of(std::string_view format) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 13> kSamples{{
      {"date-time", "2026-02-28T23:59:59Z"},
      {"date", "2024-02-29"},
      {"time", "00:00:00Z"},
      {"duration", "P1DT12H"},
      {"email", "a.b+c@example.org"},
      {"hostname", "example.org"},
      {"ipv4", "192.0.2.1"},
      {"ipv6", "2001:db8::1"},
      {"uri", "https://example.org/a?b=c#d"},
      {"uri-reference", "/a?b=c"},
      {"iri", "https://example.org/\xc3\xbc"},
      {"uuid", "01234567-89ab-4cde-8f01-23456789abcd"},
      {"json-pointer", "/a~1b/0"},
  }};
  const auto* found = std::ranges::find(kSamples, format, &std::pair<std::string_view, const char*>::first);
  return found == kSamples.end() ? nullptr : found->second;
}

/// What programs trip over.
constexpr std::array<std::string_view, 12> kTexts{
    "a",
    "example",
    "https://example.org/page",
    "0",
    "-1",
    "two words",
    "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80",
    "\"quoted\" \\ and\nmore\tof it",
    "../../etc/passwd",
    "%s%n%x{}",
    "<script>alert(1)</script>",
    "a&b=c#d?e/f",
};

std::size_t bound_of(const Value& schema, std::string_view key, std::size_t otherwise) {
  const auto* limit = member(schema, key);
  return limit != nullptr && limit->IsNumber() ? static_cast<std::size_t>(std::max(0.0, limit->GetDouble()))
                                               : otherwise;
}

/// Cut to `most` characters, repeated up to `least`.
std::string fit(std::string_view text, std::size_t least, std::size_t most) {
  std::string out;
  std::size_t characters = 0;
  if (text.empty()) text = "x";
  while (characters < std::max<std::size_t>(least, 1) || (characters == 0)) {
    for (const char byte : text) {
      const bool is_start = (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
      if (is_start && characters == most) return out;
      if (is_start) ++characters;
      out += byte;
    }
  }
  return out;
}

}  // namespace

std::string ValueMaker::make() {
  json::Document document;
  const Value made = value(root_, document.GetAllocator(), 0);
  return json::dump(made);
}

ValueMaker::Value ValueMaker::value(const Value& schema, Memory& memory, int depth) {
  if (!schema.IsObject() || depth > 4 * kDeepest) return Value(true);
  if (const auto* target = member(schema, "$ref"); target != nullptr && target->IsString()) {
    const auto reference = json::view(*target);
    const auto* found = reference.starts_with('#') ? json::at(root_, reference.substr(1)) : nullptr;
    if (found != nullptr) return value(*found, memory, depth + 1);
  }
  if (const auto* constant = member(schema, "const")) return Value(*constant, memory);
  if (const auto* values = member(schema, "enum"); values != nullptr && values->IsArray() && !values->Empty())
    return Value((*values)[static_cast<rapidjson::SizeType>(below(values->Size()))], memory);
  if (const auto* given = member(schema, "default"); given != nullptr && one_in(8)) return Value(*given, memory);
  if (const auto* given = member(schema, "examples");
      given != nullptr && given->IsArray() && !given->Empty() && !one_in(3))
    return Value((*given)[static_cast<rapidjson::SizeType>(below(given->Size()))], memory);

  std::string_view type;
  if (const auto* named = member(schema, "type")) {
    if (named->IsString()) type = json::view(*named);
    if (named->IsArray() && !named->Empty()) {
      const auto& chosen = (*named)[static_cast<rapidjson::SizeType>(below(named->Size()))];
      if (chosen.IsString()) type = json::view(chosen);
    }
  }
  if (type.empty() && (member(schema, "properties") != nullptr || member(schema, "required") != nullptr))
    type = "object";
  if (type.empty() && (member(schema, "items") != nullptr || member(schema, "prefixItems") != nullptr)) type = "array";
  if (type.empty() && (member(schema, "pattern") != nullptr || member(schema, "format") != nullptr)) type = "string";
  if (type.empty()) {
    for (const auto* key : {"oneOf", "anyOf", "allOf"}) {
      const auto* choices = member(schema, key);
      if (choices == nullptr || !choices->IsArray() || choices->Empty()) continue;
      return value((*choices)[static_cast<rapidjson::SizeType>(below(choices->Size()))], memory, depth + 1);
    }
    constexpr std::array<std::string_view, 6> kAny{"object", "array", "string", "number", "boolean", "null"};
    type = kAny[below(kAny.size())];
  }
  return of_type(type, schema, memory, depth);
}

ValueMaker::Value ValueMaker::of_type(std::string_view type, const Value& schema, Memory& memory, int depth) {
  if (type == "object") return object(schema, memory, depth);
  if (type == "array") return array(schema, memory, depth);
  if (type == "string") return text(schema, memory);
  if (type == "integer") return number(schema, true);
  if (type == "number") return number(schema, false);
  if (type == "boolean") return Value(one_in(2));
  return Value();
}

ValueMaker::Value ValueMaker::object(const Value& schema, Memory& memory, int depth) {
  Value out(rapidjson::kObjectType);
  add_members(out, schema, memory, depth);
  for (const auto* key : {"allOf", "anyOf", "oneOf"}) {
    const auto* parts = member(schema, key);
    if (parts == nullptr || !parts->IsArray() || parts->Empty()) continue;
    const auto only = static_cast<rapidjson::SizeType>(below(parts->Size()));
    for (rapidjson::SizeType i = 0; i < parts->Size(); ++i)
      if (std::string_view(key) == "allOf" || i == only) add_members(out, (*parts)[i], memory, depth);
  }
  return out;
}

void ValueMaker::add_members(Value& object, const Value& schema, Memory& memory, int depth) {
  const auto* properties = member(schema, "properties");
  const auto* required = member(schema, "required");
  const auto is_required = [&](const Value& name) {
    return required != nullptr && required->IsArray() &&
           std::ranges::any_of(required->GetArray(), [&](const auto& one) { return one == name; });
  };
  if (properties != nullptr && properties->IsObject()) {
    for (const auto& [name, property] : properties->GetObject()) {
      if (object.HasMember(name)) continue;
      if (!is_required(name) && (depth >= kDeepest || one_in(2))) continue;
      object.AddMember(Value(name, memory), value(property, memory, depth + 1), memory);
    }
  }
  if (required == nullptr || !required->IsArray()) return;
  for (const auto& name : required->GetArray()) {  // Those whose schema stands elsewhere.
    if (!name.IsString() || object.HasMember(name)) continue;
    const auto* own = member(root_, "properties");
    const auto* property = own == nullptr ? nullptr : json::find(*own, json::view(name));
    object.AddMember(Value(name, memory), property == nullptr ? Value(true) : value(*property, memory, depth + 1),
                     memory);
  }
}

ValueMaker::Value ValueMaker::array(const Value& schema, Memory& memory, int depth) {
  const auto least = bound_of(schema, "minItems", 0);
  const auto most = std::max(least, std::min(bound_of(schema, "maxItems", least + 3), least + 8));
  const auto size = depth >= kDeepest ? least : least + below(most - least + 1);
  const auto* items = member(schema, "items");
  const auto* first = member(schema, "prefixItems");
  Value out(rapidjson::kArrayType);
  for (std::size_t i = 0; i < std::min<std::size_t>(size, 1'000); ++i) {
    const auto* one = items;
    if (first != nullptr && first->IsArray() && i < first->Size()) one = &(*first)[static_cast<rapidjson::SizeType>(i)];
    out.PushBack(one == nullptr ? Value(one_in(2)) : value(*one, memory, depth + 1), memory);
  }
  return out;
}

ValueMaker::Value ValueMaker::number(const Value& schema, bool is_integer) {
  const auto limit = [&](const char* key, double otherwise) {
    const auto* found = member(schema, key);
    return found != nullptr && found->IsNumber() ? found->GetDouble() : otherwise;
  };
  const double step = limit("multipleOf", is_integer ? 1 : 0.25);
  double low = std::max(limit("minimum", -1e9), limit("exclusiveMinimum", -1e9) + (is_integer ? 1 : step / 2));
  double high = std::min(limit("maximum", 1e9), limit("exclusiveMaximum", 1e9) - (is_integer ? 1 : step / 2));
  if (member(schema, "minimum") == nullptr && member(schema, "exclusiveMinimum") == nullptr) low = std::min(low, high);
  if (high < low) high = low;
  double made = 0;
  switch (below(4)) {
    case 0:
      made = low;
      break;
    case 1:
      made = high;
      break;
    case 2:
      made = std::clamp(static_cast<double>(below(20)), low, high);
      break;
    default:
      made = low + (high - low) * (static_cast<double>(below(1'000)) / 1'000);
  }
  if (step > 0) made = std::round(made / step) * step;
  if (made < low) made += step;
  if (made > high) made -= step;
  if (is_integer && std::abs(made) < 9e15) return Value(static_cast<std::int64_t>(std::round(made)));
  return Value(made);
}

ValueMaker::Value ValueMaker::text(const Value& schema, Memory& memory) {
  const auto least = bound_of(schema, "minLength", 0);
  const auto most = bound_of(schema, "maxLength", std::max(least, kLongest));
  const auto format = json::find_string(schema, "format").value_or("");
  std::string made;
  if (const auto* sample = sample_of(format)) {
    made = sample;
  } else if (least == 0 && one_in(8)) {
    made.clear();
  } else if (one_in(6)) {
    made = fit(kTexts[below(kTexts.size())], std::min(most, std::max(least, kLongest)), most);
  } else {
    made = fit(kTexts[below(kTexts.size())], least, most);
  }
  return Value(made.data(), static_cast<rapidjson::SizeType>(made.size()), memory);
}

}  // namespace toolrack::lint
