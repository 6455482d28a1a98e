#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <utility>

#include "registry/json_compare.hpp"
#include "registry/schema_keywords.hpp"
#include "registry/schema_links.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry::schema {

using base::Result;
using base::json::Value;
namespace json = base::json;

namespace {

/// Lists of more options than this are searched by hash.
constexpr rapidjson::SizeType kFewOptions = 8;

/// Where a schema stands.
struct Here {
  std::string place;  ///< JSON Pointer from the root of the document.
  std::string base;   ///< URI of the resource it belongs to.

  Here below(std::string_view keyword) const { return {fmt::format("{}/{}", place, keyword), base}; }
  Here below(std::string_view keyword, std::string_view name) const {
    return {fmt::format("{}/{}/{}", place, keyword, escape_token(name)), base};
  }
  Here below(std::string_view keyword, std::size_t index) const {
    return {fmt::format("{}/{}/{}", place, keyword, index), base};
  }
};

/// A copy with its strings. RapidJSON's own copies share those that it has parsed in place, which end with the
/// document.
Value copy_of(const Value& value, rapidjson::MemoryPoolAllocator<>& pool) {
  if (value.IsString()) return Value(value.GetString(), value.GetStringLength(), pool);
  Value out(value.GetType());
  if (value.IsArray()) {
    out.Reserve(value.Size(), pool);
    for (const auto& item : value.GetArray()) out.PushBack(copy_of(item, pool), pool);
  } else if (value.IsObject()) {
    for (const auto& member : value.GetObject())
      out.AddMember(copy_of(member.name, pool), copy_of(member.value, pool), pool);
  } else {
    out = Value(value, pool);
  }
  return out;
}

class Compiler {
 public:
  explicit Compiler(Formats formats) : formats_(formats) {}

  Result<std::unique_ptr<const Program>> run(const Value& root) {
    // What follows recurses as deep as the schema is nested.
    if (is_too_deep(root)) return refuse("", "", fmt::format("is nested deeper than {} levels", kMaxDepth));
    TRY(add(root, {"", std::string(kDocumentUri)}));
    TRY(links_.link(*program_));
    for (auto& node : program_->nodes) node.finish();
    return std::move(program_);
  }

 private:
  Node& node(NodeId id) { return program_->nodes[id]; }

  /// Documents repeat their patterns, and RE2 takes a tenth of a millisecond to compile a large one.
  Result<std::shared_ptr<const Pattern>> pattern_of(std::string_view text, std::string_view place,
                                                    std::string_view keyword) {
    const auto found = patterns_.find(text);
    if (found != patterns_.end()) return found->second;
    return patterns_.emplace(text, TRY(read_pattern(text, place, keyword))).first->second;
  }

  const Value* keep(const Value& value) {
    auto& pool = program_->pool;
    return new (pool.Malloc(sizeof(Value))) Value(copy_of(value, pool));  // Value owns nothing but what the pool has.
  }

  /// Compiles the schema that stands here and all below it.
  Result<NodeId> add(const Value& schema, Here here) {
    const auto id = static_cast<NodeId>(program_->nodes.size());
    if (id >= kMaxNodes) return refuse(here.place, "", fmt::format("more than {} schemas in one document", kMaxNodes));
    program_->nodes.emplace_back();
    links_.add_schema(here.place, id);
    if (schema.IsBool()) {
      node(id).never = !schema.GetBool();
      return id;
    }
    if (!schema.IsObject()) return refuse(here.place, "", "a schema is an object, true or false");
    TRY(read_dialect(schema, here));
    const auto* ref = json::find(schema, "$ref");
    const bool is_only_ref = is_draft7_ && ref != nullptr;  // Draft 7 ignores what stands beside a reference.
    if (!is_only_ref) TRY(add_identity(schema, here));
    TRY(add_definitions(schema, here));
    if (ref != nullptr) {
      if (!ref->IsString()) return refuse(here.place, "$ref", "must be a string");
      links_.add_reference({id, here.place, here.base, std::string(json::view(*ref))});
    }
    if (is_only_ref) return id;
    TRY(add_any(id, schema, here));
    TRY(add_string(id, schema, here));
    TRY(add_number(id, schema, here));
    TRY(add_array(id, schema, here));
    TRY(add_object(id, schema, here));
    TRY(add_in_place(id, schema, here));
    return id;
  }

  Result<void> read_dialect(const Value& schema, const Here& here) {
    const auto* named = json::find(schema, "$schema");
    if (named == nullptr) return {};
    auto uri = named->IsString() ? json::view(*named) : std::string_view();
    if (uri.ends_with('#')) uri.remove_suffix(1);
    const bool is_draft7 =
        uri == "http://json-schema.org/draft-07/schema" || uri == "https://json-schema.org/draft-07/schema";
    if (!is_draft7 && uri != "https://json-schema.org/draft/2020-12/schema") {
      return refuse(here.place, "$schema",
                    fmt::format("{} is not understood; use https://json-schema.org/draft/2020-12/schema or "
                                "http://json-schema.org/draft-07/schema#",
                                json::dump(*named)));
    }
    if (!here.place.empty() && is_draft7 != is_draft7_) {
      return refuse(here.place, "$schema", "must be the same in the whole document");
    }
    is_draft7_ = is_draft7;
    return {};
  }

  /// Reads the names of the schema itself. Changes `here` when another resource begins with it.
  Result<void> add_identity(const Value& schema, Here& here) {
    if (const auto* id = json::find(schema, "$id")) {
      if (!id->IsString()) return refuse(here.place, "$id", "must be a string");
      auto uri = json::view(*id);
      const auto hash = std::min(uri.find('#'), uri.size());
      const auto fragment = uri.substr(std::min(hash + 1, uri.size()));
      if (!fragment.empty() && !is_draft7_) return refuse(here.place, "$id", "must have no fragment; use $anchor");
      if (hash > 0) here.base = TRY(links_.add_resource(here.place, here.base, uri.substr(0, hash)));
      if (!fragment.empty()) TRY(links_.add_anchor(here.place, "$id", here.base, fragment));
    }
    if (is_draft7_) return {};
    for (const auto* keyword : {"$dynamicRef", "$recursiveRef"}) {
      if (json::find(schema, keyword) != nullptr) {
        return refuse(here.place, keyword, "references that depend on who refers are not supported; use $ref");
      }
    }
    for (const auto* keyword : {"$anchor", "$dynamicAnchor"}) {
      const auto* name = json::find(schema, keyword);
      if (name == nullptr) continue;
      if (!name->IsString()) return refuse(here.place, keyword, "must be a name");
      TRY(links_.add_anchor(here.place, keyword, here.base, json::view(*name)));
    }
    return {};
  }

  /// Both spellings in both drafts: the other one is where references of mixed documents lead.
  Result<void> add_definitions(const Value& schema, const Here& here) {
    for (const auto* keyword : {"$defs", "definitions"}) {
      const auto* definitions = json::find(schema, keyword);
      if (definitions == nullptr) continue;
      if (!definitions->IsObject()) return refuse(here.place, keyword, "must be an object");
      for (const auto& member : definitions->GetObject())
        TRY(add(member.value, here.below(keyword, json::view(member.name))));
    }
    return {};
  }

  /// The schema under `keyword`, or kNone.
  Result<NodeId> add_child(const Value& schema, const char* keyword, const Here& here) {
    const auto* child = json::find(schema, keyword);
    if (child == nullptr) return kNone;
    return add(*child, here.below(keyword));
  }

  Result<std::vector<NodeId>> add_list(const Value& schema, const char* keyword, const Here& here) {
    std::vector<NodeId> out;
    const auto* list = json::find(schema, keyword);
    if (list == nullptr) return out;
    if (!list->IsArray() || list->Empty()) {
      return refuse(here.place, keyword, "must be an array of at least one schema");
    }
    for (rapidjson::SizeType i = 0; i < list->Size(); ++i)
      out.push_back(TRY(add((*list)[i], here.below(keyword, std::size_t{i}))));
    return out;
  }

  Result<void> add_any(NodeId id, const Value& schema, const Here& here) {
    if (const auto* type = json::find(schema, "type")) node(id).types = TRY(read_types(*type, here.place));
    if (const auto* constant = json::find(schema, "const")) node(id).constant = keep(*constant);
    if (const auto* list = json::find(schema, "enum")) {
      if (!list->IsArray()) return refuse(here.place, "enum", "must be an array of values");
      auto options = std::make_unique<Options>();
      options->list = keep(*list);
      Work work(static_cast<std::int64_t>(1) << 40);  // Once, and the schema has been read within limits.
      for (rapidjson::SizeType i = 0; list->Size() > kFewOptions && i < list->Size(); ++i)
        options->by_hash.emplace_back(hash((*list)[i], work), i);
      std::sort(options->by_hash.begin(), options->by_hash.end());
      node(id).options = std::move(options);
    }
    return {};
  }

  Result<void> add_string(NodeId id, const Value& schema, const Here& here) {
    StringRules rules;
    rules.length = TRY(read_range(schema, here.place, "minLength", "maxLength"));
    if (const auto* pattern = json::find(schema, "pattern")) {
      if (!pattern->IsString()) return refuse(here.place, "pattern", "must be a string");
      rules.pattern = TRY(pattern_of(json::view(*pattern), here.place, "pattern"));
    }
    if (const auto* format = json::find(schema, "format")) {
      if (!format->IsString()) return refuse(here.place, "format", "must be a string");
      if (formats_ == Formats::kAssert) rules.format = find_format(json::view(*format));
    }
    if (rules.pattern || rules.format != nullptr || !rules.length.is_open()) {
      node(id).string = std::make_unique<StringRules>(std::move(rules));
    }
    return {};
  }

  Result<void> add_number(NodeId id, const Value& schema, const Here& here) {
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
      if (!value->IsNumber()) {
        return refuse(here.place, keyword, fmt::format("must be a number, not {}", json::dump(*value)));
      }
      if (slot == &rules.multiple_of && !(value->GetDouble() > 0)) {
        return refuse(here.place, keyword, "must be above 0");
      }
      *slot = keep(*value);
      any = true;
    }
    if (any) node(id).number = std::make_unique<NumberRules>(rules);
    return {};
  }

  Result<void> add_array(NodeId id, const Value& schema, const Here& here) {
    ArrayRules rules;
    const auto* items = json::find(schema, "items");
    if (items != nullptr && items->IsArray()) {  // The tuple form of draft 7.
      if (!is_draft7_ && json::find(schema, "prefixItems") != nullptr) {
        return refuse(here.place, "items", "must be one schema beside prefixItems");
      }
      if (!items->Empty()) rules.prefix = TRY(add_list(schema, "items", here));
      rules.rest = TRY(add_child(schema, "additionalItems", here));
    } else {
      if (!is_draft7_) rules.prefix = TRY(add_list(schema, "prefixItems", here));
      rules.rest = TRY(add_child(schema, "items", here));
    }
    rules.contains = TRY(add_child(schema, "contains", here));
    if (!is_draft7_) {
      rules.contained = TRY(read_range(schema, here.place, "minContains", "maxContains", rules.contained));
      rules.unevaluated = TRY(add_child(schema, "unevaluatedItems", here));
    }
    rules.count = TRY(read_range(schema, here.place, "minItems", "maxItems"));
    if (const auto* unique = json::find(schema, "uniqueItems")) {
      if (!unique->IsBool()) return refuse(here.place, "uniqueItems", "must be true or false");
      rules.unique = unique->GetBool();
    }
    if (!rules.prefix.empty() || rules.rest != kNone || rules.contains != kNone || rules.unevaluated != kNone ||
        rules.unique || !rules.count.is_open()) {
      node(id).array = std::make_unique<ArrayRules>(std::move(rules));
    }
    return {};
  }

  Result<void> add_object(NodeId id, const Value& schema, const Here& here) {
    ObjectRules rules;
    TRY(add_properties(schema, here, rules));
    if (const auto* patterns = json::find(schema, "patternProperties")) {
      if (!patterns->IsObject()) return refuse(here.place, "patternProperties", "must be an object");
      for (const auto& member : patterns->GetObject()) {
        const auto name = json::view(member.name);
        auto pattern = TRY(pattern_of(name, here.place, "patternProperties"));
        const auto child = TRY(add(member.value, here.below("patternProperties", name)));
        rules.patterns.push_back({std::move(pattern), child});
      }
    }
    rules.additional = TRY(add_child(schema, "additionalProperties", here));
    rules.names = TRY(add_child(schema, "propertyNames", here));
    if (!is_draft7_) rules.unevaluated = TRY(add_child(schema, "unevaluatedProperties", here));
    rules.count = TRY(read_range(schema, here.place, "minProperties", "maxProperties"));
    TRY(add_dependents(schema, here, rules));
    if (rules.has_member_schemas() || rules.required_count > 0 || rules.unevaluated != kNone ||
        !rules.count.is_open() || !rules.dependents.empty()) {
      node(id).object = std::make_unique<ObjectRules>(std::move(rules));
    }
    return {};
  }

  /// `properties` and `required` in one table.
  Result<void> add_properties(const Value& schema, const Here& here, ObjectRules& rules) {
    std::set<std::string, std::less<>> required;
    if (const auto* list = json::find(schema, "required")) {
      const auto names = TRY(read_names(*list, here.place, "required"));
      required.insert(names.begin(), names.end());
    }
    rules.required_count = static_cast<std::uint32_t>(required.size());
    if (const auto* properties = json::find(schema, "properties")) {
      if (!properties->IsObject()) return refuse(here.place, "properties", "must be an object");
      for (const auto& member : properties->GetObject()) {
        std::string name(json::view(member.name));
        const auto child = TRY(add(member.value, here.below("properties", name)));
        const bool is_required = required.erase(name) > 0;
        rules.properties.add({std::move(name), child, true, is_required});
      }
    }
    for (const auto& name : required) rules.properties.add({name, kNone, false, true});
    rules.properties.index();
    return {};
  }

  Result<void> add_dependents(const Value& schema, const Here& here, ObjectRules& rules) {
    for (const auto* keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
      const auto* dependents = json::find(schema, keyword);
      if (dependents == nullptr || (is_draft7_ && keyword != std::string_view("dependencies"))) continue;
      if (!dependents->IsObject()) return refuse(here.place, keyword, "must be an object");
      for (const auto& member : dependents->GetObject()) {
        Dependent dependent;
        dependent.name = json::view(member.name);
        if (member.value.IsArray()) {
          dependent.required = TRY(read_names(member.value, here.place, keyword));
        } else {
          dependent.schema = TRY(add(member.value, here.below(keyword, dependent.name)));
        }
        rules.dependents.push_back(std::move(dependent));
      }
    }
    return {};
  }

  Result<void> add_in_place(NodeId id, const Value& schema, const Here& here) {
    InPlace rules;
    rules.all_of = TRY(add_list(schema, "allOf", here));
    rules.any_of = TRY(add_list(schema, "anyOf", here));
    rules.one_of = TRY(add_list(schema, "oneOf", here));
    rules.not_schema = TRY(add_child(schema, "not", here));
    rules.if_schema = TRY(add_child(schema, "if", here));
    rules.then_schema = TRY(add_child(schema, "then", here));
    rules.else_schema = TRY(add_child(schema, "else", here));
    if (!rules.all_of.empty() || !rules.any_of.empty() || !rules.one_of.empty() || rules.not_schema != kNone ||
        rules.if_schema != kNone) {
      node(id).in_place = std::make_unique<InPlace>(std::move(rules));
    }
    return {};
  }

  const Formats formats_;
  std::unique_ptr<Program> program_ = std::make_unique<Program>();
  bool is_draft7_ = false;
  Links links_;
  std::map<std::string, std::shared_ptr<const Pattern>, std::less<>> patterns_;
};

}  // namespace

Result<std::unique_ptr<const Program>> compile(const Value& schema, Formats formats) {
  return Compiler(formats).run(schema);
}

}  // namespace toolrack::registry::schema
