#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <set>
#include <utility>

#include "registry/schema_links.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry::schema {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::json::Value;
namespace json = base::json;

bool by_size_then_bytes(std::string_view a, std::string_view b) noexcept {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

const Property* ObjectRules::find(std::string_view name) const noexcept {
  const auto it = std::lower_bound(properties.begin(), properties.end(), name,
                                   [](const Property& p, std::string_view n) { return by_size_then_bytes(p.name, n); });
  return it != properties.end() && it->name == name ? &*it : nullptr;
}

namespace {

/// Keywords whose meaning a validator must honour and this one does not.
constexpr std::string_view kUnsupported[] = {"unevaluatedProperties", "unevaluatedItems", "$dynamicRef",
                                             "$recursiveRef"};

class Compiler {
 public:
  Result<std::unique_ptr<const Program>> run(const Value& root) {
    TRY(read_dialect(root));
    TRY(add(root, ""));
    TRY(link(*program_, places_, references_));
    return std::move(program_);
  }

 private:
  Result<void> read_dialect(const Value& root) {
    const auto* named = json::find(root, "$schema");
    if (named == nullptr) return {};
    auto uri = named->IsString() ? json::view(*named) : std::string_view();
    if (uri.ends_with('#')) uri.remove_suffix(1);
    is_draft7_ = uri == "http://json-schema.org/draft-07/schema" || uri == "https://json-schema.org/draft-07/schema";
    if (is_draft7_ || uri == "https://json-schema.org/draft/2020-12/schema") return {};
    return refuse("", "$schema",
                  fmt::format("{} is not understood; use https://json-schema.org/draft/2020-12/schema or "
                              "http://json-schema.org/draft-07/schema#",
                              json::dump(*named)));
  }

  Node& node(NodeId id) { return program_->nodes[id]; }

  const Value* keep(const Value& value) {
    auto& pool = program_->pool;
    return new (pool.Malloc(sizeof(Value)))
        Value(value, pool);  // Lives and dies with the pool; Value owns nothing else.
  }

  /// Compiles the schema at `place` and all below it. Depth is that of the parsed text, so it is bounded.
  Result<NodeId> add(const Value& schema, const std::string& place) {
    const auto id = static_cast<NodeId>(program_->nodes.size());
    if (id >= kMaxNodes) return refuse(place, "", fmt::format("more than {} schemas in one document", kMaxNodes));
    program_->nodes.emplace_back();
    places_.emplace(place, id);
    if (schema.IsBool()) {
      node(id).never = !schema.GetBool();
      return id;
    }
    if (!schema.IsObject()) return refuse(place, "", "a schema is an object, true or false");
    for (const auto keyword : kUnsupported) {
      const auto* value = json::find(schema, keyword);
      if (value != nullptr && !(value->IsBool() && value->GetBool())) {
        return refuse(place, keyword, "this keyword is not supported, and ignoring it would let wrong values pass");
      }
    }
    TRY(add_identity(schema, place));
    TRY(add_nested_definitions(schema, place));
    if (const auto* ref = json::find(schema, "$ref")) {
      if (!ref->IsString()) return refuse(place, "$ref", "must be a string");
      references_.push_back({id, place, std::string(json::view(*ref))});
      if (is_draft7_) return id;  // Draft 7 ignores what stands beside a reference.
    }
    TRY(add_any(id, schema, place));
    TRY(add_string(id, schema, place));
    TRY(add_number(id, schema, place));
    TRY(add_array(id, schema, place));
    TRY(add_object(id, schema, place));
    TRY(add_in_place(id, schema, place));
    return id;
  }

  Result<void> add_identity(const Value& schema, const std::string& place) {
    if (const auto* id = json::find(schema, "$id"); id != nullptr && !place.empty()) {
      return refuse(place, "$id", "only the whole schema may have one; refer by JSON Pointer or $anchor");
    }
    for (const auto* keyword : {"$anchor", "$dynamicAnchor"}) {
      const auto* name = json::find(schema, keyword);
      if (name == nullptr) continue;
      if (!name->IsString() || name->GetStringLength() == 0 || name->GetString()[0] == '/') {
        return refuse(place, keyword, "must be a name");
      }
      if (!places_.emplace(json::view(*name), places_.at(place)).second) {
        return refuse(place, keyword, fmt::format("\"{}\" is defined twice", json::view(*name)));
      }
    }
    return {};
  }

  Result<void> add_nested_definitions(const Value& schema, const std::string& place) {
    for (const auto* keyword : {"$defs", "definitions"}) {
      const auto* definitions = json::find(schema, keyword);
      if (definitions == nullptr) continue;
      if (!definitions->IsObject()) return refuse(place, keyword, "must be an object");
      for (const auto& member : definitions->GetObject()) {
        TRY(add(member.value, fmt::format("{}/{}/{}", place, keyword, escape_token(json::view(member.name)))));
      }
    }
    return {};
  }

  /// The schema under `keyword`, or kNone.
  Result<NodeId> add_child(const Value& schema, const char* keyword, const std::string& place) {
    const auto* child = json::find(schema, keyword);
    if (child == nullptr) return kNone;
    return add(*child, fmt::format("{}/{}", place, keyword));
  }

  Result<std::vector<NodeId>> add_list(const Value& schema, const char* keyword, const std::string& place) {
    std::vector<NodeId> out;
    const auto* list = json::find(schema, keyword);
    if (list == nullptr) return out;
    if (!list->IsArray() || list->Empty()) return refuse(place, keyword, "must be an array of at least one schema");
    for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
      out.push_back(TRY(add((*list)[i], fmt::format("{}/{}/{}", place, keyword, i))));
    }
    return out;
  }

  Result<void> read_range(const Value& schema, const std::string& place, const char* min, const char* max, Range& out) {
    for (auto [keyword, limit] : {std::pair{min, &out.min}, std::pair{max, &out.max}}) {
      const auto* value = json::find(schema, keyword);
      if (value == nullptr) continue;
      if (value->IsUint64()) {
        *limit = value->GetUint64();
      } else if (value->IsDouble() && value->GetDouble() >= 0 && value->GetDouble() < 9e15 &&
                 std::floor(value->GetDouble()) == value->GetDouble()) {
        *limit = static_cast<std::uint64_t>(value->GetDouble());
      } else {
        return refuse(place, keyword, fmt::format("must be a whole number of at least 0, not {}", json::dump(*value)));
      }
    }
    return {};
  }

  Result<std::unique_ptr<const re2::RE2>> read_pattern(std::string_view text, std::string_view place,
                                                       std::string_view keyword) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto pattern = std::make_unique<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
    if (!pattern->ok()) {
      return refuse(place, keyword, fmt::format("pattern {} cannot be used: {}", json::quote(text), pattern->error()));
    }
    return pattern;
  }

  Result<void> read_names(const Value& list, std::string_view place, std::string_view keyword,
                          std::vector<std::string>& out) {
    if (!list.IsArray()) return refuse(place, keyword, "must be an array of property names");
    for (const auto& name : list.GetArray()) {
      if (!name.IsString()) return refuse(place, keyword, "must hold strings only");
      out.emplace_back(json::view(name));
    }
    return {};
  }

  Result<void> add_any(NodeId id, const Value& schema, const std::string& place) {
    if (const auto* type = json::find(schema, "type")) {
      std::uint8_t bits = 0;
      if (type->IsArray() && !type->Empty()) {
        for (const auto& one : type->GetArray()) bits |= TRY(type_bits(one, place));
      } else {
        bits = TRY(type_bits(*type, place));
      }
      node(id).types = bits;
    }
    if (const auto* constant = json::find(schema, "const")) node(id).constant = keep(*constant);
    if (const auto* options = json::find(schema, "enum")) {
      if (!options->IsArray() || options->Empty())
        return refuse(place, "enum", "must be an array of at least one value");
      node(id).options = keep(*options);
    }
    return {};
  }

  Result<std::uint8_t> type_bits(const Value& type, std::string_view place) {
    static constexpr std::pair<std::string_view, int> kNames[] = {
        {"null", kNull},     {"boolean", kBoolean}, {"integer", kInteger}, {"number", kInteger | kFraction},
        {"string", kString}, {"array", kArray},     {"object", kObject}};
    if (type.IsString()) {
      for (const auto& [name, bits] : kNames)
        if (name == json::view(type)) return static_cast<std::uint8_t>(bits);
    }
    return refuse(place, "type", fmt::format("{} is no JSON type", json::dump(type)));
  }

  Result<void> add_string(NodeId id, const Value& schema, const std::string& place) {
    StringRules rules;
    TRY(read_range(schema, place, "minLength", "maxLength", rules.length));
    if (const auto* pattern = json::find(schema, "pattern")) {
      if (!pattern->IsString()) return refuse(place, "pattern", "must be a string");
      rules.pattern = TRY(read_pattern(json::view(*pattern), place, "pattern"));
    }
    if (rules.pattern || rules.length.min > 0 || rules.length.max != kNoLimit) {
      node(id).string = std::make_unique<StringRules>(std::move(rules));
    }
    return {};
  }

  Result<void> add_number(NodeId id, const Value& schema, const std::string& place) {
    NumberRules rules;
    const std::pair<const char*, const Value**> keywords[] = {{"minimum", &rules.minimum},
                                                              {"maximum", &rules.maximum},
                                                              {"exclusiveMinimum", &rules.exclusive_minimum},
                                                              {"exclusiveMaximum", &rules.exclusive_maximum},
                                                              {"multipleOf", &rules.multiple_of}};
    bool any = false;
    for (const auto& [keyword, slot] : keywords) {
      const auto* value = json::find(schema, keyword);
      if (value == nullptr) continue;
      if (!value->IsNumber())
        return refuse(place, keyword, fmt::format("must be a number, not {}", json::dump(*value)));
      if (slot == &rules.multiple_of && !(value->GetDouble() > 0)) return refuse(place, keyword, "must be above 0");
      *slot = keep(*value);
      any = true;
    }
    if (any) node(id).number = std::make_unique<NumberRules>(rules);
    return {};
  }

  Result<void> add_array(NodeId id, const Value& schema, const std::string& place) {
    ArrayRules rules;
    const auto* items = json::find(schema, "items");
    if (items != nullptr && items->IsArray()) {  // The tuple form of draft 7.
      if (json::find(schema, "prefixItems")) return refuse(place, "items", "must be one schema beside prefixItems");
      if (!items->Empty()) rules.prefix = TRY(add_list(schema, "items", place));
      rules.rest = TRY(add_child(schema, "additionalItems", place));
    } else {
      rules.prefix = TRY(add_list(schema, "prefixItems", place));
      rules.rest = TRY(add_child(schema, "items", place));
    }
    rules.contains = TRY(add_child(schema, "contains", place));
    TRY(read_range(schema, place, "minContains", "maxContains", rules.contained));
    TRY(read_range(schema, place, "minItems", "maxItems", rules.count));
    if (const auto* unique = json::find(schema, "uniqueItems")) {
      if (!unique->IsBool()) return refuse(place, "uniqueItems", "must be true or false");
      rules.unique = unique->GetBool();
    }
    if (!rules.prefix.empty() || rules.rest != kNone || rules.contains != kNone || rules.unique ||
        rules.count.min > 0 || rules.count.max != kNoLimit) {
      node(id).array = std::make_unique<ArrayRules>(std::move(rules));
    }
    return {};
  }

  Result<void> add_object(NodeId id, const Value& schema, const std::string& place) {
    ObjectRules rules;
    TRY(add_properties(schema, place, rules));
    if (const auto* patterns = json::find(schema, "patternProperties")) {
      if (!patterns->IsObject()) return refuse(place, "patternProperties", "must be an object");
      for (const auto& member : patterns->GetObject()) {
        const auto name = json::view(member.name);
        auto pattern = TRY(read_pattern(name, place, "patternProperties"));
        const auto child = TRY(add(member.value, fmt::format("{}/patternProperties/{}", place, escape_token(name))));
        rules.patterns.push_back({std::move(pattern), child});
      }
    }
    rules.additional = TRY(add_child(schema, "additionalProperties", place));
    rules.names = TRY(add_child(schema, "propertyNames", place));
    TRY(read_range(schema, place, "minProperties", "maxProperties", rules.count));
    TRY(add_dependents(schema, place, rules));
    if (!rules.properties.empty() || !rules.patterns.empty() || rules.additional != kNone || rules.names != kNone ||
        rules.count.min > 0 || rules.count.max != kNoLimit || !rules.dependents.empty()) {
      node(id).object = std::make_unique<ObjectRules>(std::move(rules));
    }
    return {};
  }

  /// `properties` and `required` in one table.
  Result<void> add_properties(const Value& schema, const std::string& place, ObjectRules& rules) {
    std::set<std::string, std::less<>> required;
    if (const auto* list = json::find(schema, "required")) {
      std::vector<std::string> names;
      TRY(read_names(*list, place, "required", names));
      required.insert(names.begin(), names.end());
    }
    rules.required_count = required.size();
    if (const auto* properties = json::find(schema, "properties")) {
      if (!properties->IsObject()) return refuse(place, "properties", "must be an object");
      for (const auto& member : properties->GetObject()) {
        std::string name(json::view(member.name));
        const auto child = TRY(add(member.value, fmt::format("{}/properties/{}", place, escape_token(name))));
        const bool is_required = required.erase(name) > 0;
        rules.properties.push_back({std::move(name), child, true, is_required});
      }
    }
    for (const auto& name : required) rules.properties.push_back({name, kNone, false, true});
    std::sort(rules.properties.begin(), rules.properties.end(),
              [](const Property& a, const Property& b) { return by_size_then_bytes(a.name, b.name); });
    return {};
  }

  Result<void> add_dependents(const Value& schema, const std::string& place, ObjectRules& rules) {
    for (const auto* keyword : {"dependentRequired", "dependentSchemas", "dependencies"}) {
      const auto* dependents = json::find(schema, keyword);
      if (dependents == nullptr) continue;
      if (!dependents->IsObject()) return refuse(place, keyword, "must be an object");
      for (const auto& member : dependents->GetObject()) {
        Dependent dependent;
        dependent.name = json::view(member.name);
        if (member.value.IsArray()) {
          TRY(read_names(member.value, place, keyword, dependent.required));
        } else {
          dependent.schema =
              TRY(add(member.value, fmt::format("{}/{}/{}", place, keyword, escape_token(dependent.name))));
        }
        rules.dependents.push_back(std::move(dependent));
      }
    }
    return {};
  }

  Result<void> add_in_place(NodeId id, const Value& schema, const std::string& place) {
    InPlace rules;
    rules.all_of = TRY(add_list(schema, "allOf", place));
    rules.any_of = TRY(add_list(schema, "anyOf", place));
    rules.one_of = TRY(add_list(schema, "oneOf", place));
    rules.not_schema = TRY(add_child(schema, "not", place));
    rules.if_schema = TRY(add_child(schema, "if", place));
    rules.then_schema = TRY(add_child(schema, "then", place));
    rules.else_schema = TRY(add_child(schema, "else", place));
    if (!rules.all_of.empty() || !rules.any_of.empty() || !rules.one_of.empty() || rules.not_schema != kNone ||
        rules.if_schema != kNone) {
      node(id).in_place = std::make_unique<InPlace>(std::move(rules));
    }
    return {};
  }

  std::unique_ptr<Program> program_ = std::make_unique<Program>();
  bool is_draft7_ = false;
  Places places_;
  std::vector<Reference> references_;
};

}  // namespace

Result<std::unique_ptr<const Program>> compile(const Value& schema) { return Compiler().run(schema); }

}  // namespace toolrack::registry::schema
