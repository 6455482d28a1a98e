/// What a provider has, as the manifest lists it in `options`: models with their limits and prices, and voices.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::voice {

struct Model {
  std::string id;
  std::int64_t max_characters = 0;
  /// Millionths of a US dollar for one character of the text.
  std::int64_t micros_per_character = 0;
};

/// A value; an operator may override `options` in the configuration, so nothing in it is taken for granted.
class Catalog {
 public:
  explicit Catalog(std::string_view options_json);

  /// The one of that name; for "" the first.
  std::optional<Model> find_model(std::string_view id) const;
  /// Their names with commas between them.
  std::string model_names() const;
  std::string default_voice() const;
  /// The provider's voices are these and no others; otherwise it is asked for them.
  bool has_fixed_voices() const { return voices() != nullptr; }
  bool has_voice(std::string_view id) const;
  /// {id, name, description?} of each; null without fixed voices.
  const rapidjson::Value* voices() const;

 private:
  rapidjson::Document options_;
};

}  // namespace toolrack::voice
