#include "registry/file_outputs.hpp"

#include <utility>
#include <vector>

namespace toolrack::registry {
namespace {

namespace json = base::json;

constexpr std::string_view kSuffix = "_path";
constexpr std::string_view kUrl = R"({"type":"string","description":"A link to the file that works for an hour."})";
constexpr std::string_view kAsset =
    R"({"type":"object","description":"The file: an id that other skills take, and what it is.","properties":{"id":{"type":"string"},"media_type":{"type":"string"},"bytes":{"type":"integer"},"sha256":{"type":"string"},"expires":{"type":"string"}}})";

bool is_file_name(std::string_view name) { return name.size() > kSuffix.size() && name.ends_with(kSuffix); }

bool has_type(const json::Value& schema, std::string_view type) { return json::find_string(schema, "type") == type; }

bool is_file(const json::Value& schema) {
  if (has_type(schema, "string")) return true;
  const auto* items = json::find(schema, "items");
  return has_type(schema, "array") && items != nullptr && has_type(*items, "string");
}

class Publishing {
 public:
  explicit Publishing(json::Document::AllocatorType& memory) : memory_(memory) {}

  bool publish(json::Value& schema) {
    bool found = false;
    if (schema.IsArray())
      for (auto& element : schema.GetArray()) found = publish(element) || found;
    if (!schema.IsObject()) return found;
    std::vector<std::string> files;
    for (auto& member : schema.GetObject()) {
      const auto name = json::view(member.name);
      if (name == "const" || name == "enum" || name == "default" || name == "examples")
        continue;  // Values, not schemas.
      if (name == "properties" && member.value.IsObject()) {
        for (auto& property : member.value.GetObject())
          if (is_file_name(json::view(property.name)) && is_file(property.value))
            files.emplace_back(json::view(property.name));
          else
            found = publish(property.value) || found;
      } else {
        found = publish(member.value) || found;
      }
    }
    for (const auto& name : files) replace(schema, name);
    return found || !files.empty();
  }

 private:
  void replace(json::Value& schema, const std::string& name) {
    const auto stem = name.substr(0, name.size() - kSuffix.size());
    auto& properties = schema["properties"];
    const bool is_array = has_type(properties[name.c_str()], "array");
    properties.RemoveMember(name.c_str());
    put(properties, stem + "_url", part(kUrl, is_array));
    put(properties, stem + "_asset", part(kAsset, is_array));
    const auto required = schema.FindMember("required");
    if (required == schema.MemberEnd() || !required->value.IsArray()) return;
    auto& list = required->value;
    for (auto* at = list.Begin(); at != list.End(); ++at) {
      if (!at->IsString() || json::view(*at) != name) continue;
      *at = text(stem + "_url");
      list.PushBack(text(stem + "_asset"), memory_);
      return;
    }
  }

  json::Value part(std::string_view schema, bool is_array) {
    json::Document parsed(&memory_);
    parsed.Parse(schema.data(), schema.size());
    json::Value out(std::move(static_cast<json::Value&>(parsed)));
    if (!is_array) return out;
    json::Value array(rapidjson::kObjectType);
    put(array, "type", text("array"));
    put(array, "items", std::move(out));
    return array;
  }
  json::Value text(std::string_view from) {
    return json::Value(from.data(), static_cast<rapidjson::SizeType>(from.size()), memory_);
  }
  void put(json::Value& object, std::string_view name, json::Value value) {
    object.RemoveMember(text(name));
    object.AddMember(text(name), std::move(value), memory_);
  }

  json::Document::AllocatorType& memory_;
};

}  // namespace

bool publish_file_outputs(json::Value& schema, json::Document::AllocatorType& memory) {
  return Publishing(memory).publish(schema);
}

}  // namespace toolrack::registry
