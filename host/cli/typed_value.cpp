#include "cli/typed_value.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace toolrack::cli {
namespace {

namespace json = base::json;

bool allows(const json::Value& property, std::string_view type) {
  const auto* declared = json::find(property, "type");
  if (declared == nullptr) return false;
  if (declared->IsString()) return json::view(*declared) == type;
  return declared->IsArray() && std::ranges::any_of(declared->GetArray(), [&](const json::Value& one) {
           return one.IsString() && json::view(one) == type;
         });
}

json::Value text_value(std::string_view word, json::Document& document) {
  return {word.data(), static_cast<rapidjson::SizeType>(word.size()), document.GetAllocator()};
}

/// What the word is when it is read as JSON and the schema would take it.
std::optional<json::Value> as_json(std::string_view word, const json::Value& property, json::Document& document) {
  const auto parsed = json::parse(word);
  if (!parsed) return std::nullopt;
  const bool untyped = json::find(property, "type") == nullptr;
  const bool fits =
      untyped ||
      (parsed->IsNumber() && (allows(property, "number") || (allows(property, "integer") && !parsed->IsDouble()))) ||
      (parsed->IsBool() && allows(property, "boolean")) || (parsed->IsObject() && allows(property, "object")) ||
      (parsed->IsArray() && allows(property, "array")) || (parsed->IsNull() && allows(property, "null"));
  if (!fits) return std::nullopt;
  return json::Value(*parsed, document.GetAllocator());
}

}  // namespace

base::Result<json::Value> typed_value(std::string_view name, const std::vector<std::string>& words,
                                      const json::Value& property, json::Document& document) {
  if (words.empty()) return json::Value(true);
  if (allows(property, "array") && words.size() == 1 && words.front().empty())
    return json::Value(rapidjson::kArrayType);
  if (allows(property, "array") && !(words.size() == 1 && words.front().starts_with('['))) {
    static const json::Value anything(rapidjson::kObjectType);
    const auto* items = json::find(property, "items");
    json::Value list(rapidjson::kArrayType);
    for (const auto& word : words)
      list.PushBack(TRY(typed_value(name, {word}, items == nullptr ? anything : *items, document)),
                    document.GetAllocator());
    return list;
  }
  if (words.size() > 1)
    return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("\"{}\" is given more than once", name));
  const auto& word = words.front();
  if (auto value = as_json(word, property, document)) return *std::move(value);
  if (allows(property, "string") || json::find(property, "type") == nullptr) return text_value(word, document);
  const auto* declared = json::find(property, "type");
  return base::fail(base::ErrorCode::kInvalidRequest,
                    fmt::format("\"{}\" is \"{}\", the schema wants {}", name, word, json::dump(*declared)));
}

}  // namespace toolrack::cli
