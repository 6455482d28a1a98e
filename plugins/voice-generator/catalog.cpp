#include "catalog.hpp"

#include "json.hpp"

namespace toolrack::voice {
namespace {

const rapidjson::Value* array_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = at(from, pointer);
  return value != nullptr && value->IsArray() ? value : nullptr;
}

}  // namespace

Catalog::Catalog(std::string_view options_json) : options_(parse(options_json)) {}

std::optional<Model> Catalog::find_model(std::string_view id) const {
  const rapidjson::Value* const models = array_at(options_, "/models");
  if (models == nullptr) return std::nullopt;
  for (const rapidjson::Value& each : models->GetArray()) {
    Model model;
    model.id = text_at(each, "/id");
    if (model.id.empty() || (!id.empty() && model.id != id)) continue;
    model.max_characters = number_at(each, "/max_characters");
    model.micros_per_character = number_at(each, "/micros_per_character");
    return model;
  }
  return std::nullopt;
}

std::string Catalog::model_names() const {
  std::string names;
  const rapidjson::Value* const models = array_at(options_, "/models");
  if (models == nullptr) return names;
  for (const rapidjson::Value& each : models->GetArray()) names += (names.empty() ? "" : ", ") + text_at(each, "/id");
  return names;
}

std::string Catalog::default_voice() const { return text_at(options_, "/default_voice"); }

bool Catalog::has_voice(std::string_view id) const {
  const rapidjson::Value* const fixed = voices();
  if (fixed == nullptr) return true;
  for (const rapidjson::Value& each : fixed->GetArray())
    if (text_at(each, "/id") == id) return true;
  return false;
}

const rapidjson::Value* Catalog::voices() const { return array_at(options_, "/voices"); }

}  // namespace toolrack::voice
