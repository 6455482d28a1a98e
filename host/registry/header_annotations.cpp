#include "registry/header_annotations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/http_token.hpp"
#include "base/shown_text.hpp"
#include "base/utf8.hpp"
#include "registry/schema_keywords.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;
using json::Value;

constexpr const char* kAnnotation = "x-mcp-header";
constexpr std::array kHeaderTypes{"string", "integer", "boolean"};
/// Keywords with a schema or an array of schemas, but `properties`; what is no schema is not looked into.
constexpr std::array kWithSchemas{"additionalItems",
                                  "additionalProperties",
                                  "allOf",
                                  "anyOf",
                                  "contains",
                                  "contentSchema",
                                  "else",
                                  "if",
                                  "items",
                                  "not",
                                  "oneOf",
                                  "prefixItems",
                                  "propertyNames",
                                  "then",
                                  "unevaluatedItems",
                                  "unevaluatedProperties"};
/// Keywords with an object of schemas.
constexpr std::array kWithNamedSchemas{"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties"};

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// JSON that is no text, as messages repeat it.
std::string cut(const std::string& json) {
  constexpr std::size_t kMostShown = 80;
  return json.size() <= kMostShown ? json : std::string(base::truncate_utf8(json, kMostShown)).append("…");
}

class AnnotationReading {
 public:
  enum class Place : std::uint8_t { kRoot, kProperty, kElsewhere };

  HeaderAnnotations found;

  void visit(const Value& schema, const std::string& pointer, Place place) {
    if (!schema.IsObject()) return;
    if (const auto* name = json::find(schema, kAnnotation))
      judge(*name, json::find(schema, "type"), pointer + "/" + kAnnotation, place);
    visit_members(schema, "properties", pointer, place == Place::kElsewhere ? place : Place::kProperty);
    for (const auto* keyword : kWithNamedSchemas) visit_members(schema, keyword, pointer, Place::kElsewhere);
    for (const auto* keyword : kWithSchemas) {
      const auto* value = json::find(schema, keyword);
      if (value == nullptr) continue;
      const auto where = fmt::format("{}/{}", pointer, keyword);
      visit(*value, where, Place::kElsewhere);
      if (!value->IsArray()) continue;
      for (rapidjson::SizeType i = 0; i < value->Size(); ++i)
        visit((*value)[i], fmt::format("{}/{}", where, i), Place::kElsewhere);
    }
  }

 private:
  void visit_members(const Value& schema, const char* keyword, const std::string& pointer, Place place) {
    const auto* members = json::find(schema, keyword);
    if (members == nullptr || !members->IsObject()) return;
    for (const auto& [name, member] : members->GetObject()) {
      path_.emplace_back(json::view(name));
      visit(member, fmt::format("{}/{}/{}", pointer, keyword, schema::escape_token(json::view(name))), place);
      path_.pop_back();
    }
  }

  void judge(const Value& name, const Value* type, const std::string& pointer, Place place) {
    const auto violate = [&](std::string message) {
      found.violations.push_back({pointer, kAnnotation, std::move(message)});
    };
    const auto shown = name.IsString() ? base::shown(json::view(name)) : cut(json::dump(name));
    if (place != Place::kProperty)
      return violate(
          fmt::format("{} is not reached from the root by \"properties\" alone, as a header's argument has "
                      "to be; leave it out here",
                      shown));
    if (!name.IsString() || !base::is_http_token(json::view(name)))
      return violate(
          fmt::format("{} is no name for a header: it takes a token of letters, digits and "
                      "!#$%&'*+-.^_`|~ (RFC 9110), such as \"Region\" for Mcp-Param-Region",
                      shown));
    const auto is_written = [&](const char* one) { return type->IsString() && json::view(*type) == one; };
    if (type == nullptr || std::ranges::none_of(kHeaderTypes, is_written))
      violate(
          fmt::format("{} is the header of a value whose type is {}; only a \"string\", an \"integer\" or a "
                      "\"boolean\" goes into a header",
                      shown, type == nullptr ? "not said" : cut(json::dump(*type))));
    const auto [first, is_new] = names_.emplace(in_lower_case(json::view(name)), pointer);
    if (is_new)
      found.arguments.push_back({.header = fmt::format("Mcp-Param-{}", json::view(name)), .path = path_});
    else
      violate(fmt::format("{} is the header of {} as well; the names are unique, and upper and lower case are the same",
                          shown, first->second));
  }

  std::vector<std::string> path_;             // Names below `properties`, where those alone lead here.
  std::map<std::string, std::string> names_;  // In lower case, to the pointer of the first.
};

}  // namespace

HeaderAnnotations read_header_annotations(const Value& schema, std::string_view pointer) {
  AnnotationReading reading;
  reading.visit(schema, std::string(pointer), AnnotationReading::Place::kRoot);
  return std::move(reading.found);
}

}  // namespace toolrack::registry
