#include "registry/schema_keywords.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace toolrack::registry::schema {

namespace json = base::json;
using base::Result;
using json::Value;

tl::unexpected<base::Error> refuse(std::string_view place, std::string_view keyword, std::string_view why) {
  return base::fail(
      base::ErrorCode::kInvalidManifest,
      fmt::format("schema at \"{}{}{}\": {}", place, keyword.empty() ? "" : "/", escape_token(keyword), why));
}

std::string escape_token(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

Result<Range> read_range(const Value& schema, std::string_view place, const char* min, const char* max,
                         Range otherwise) {
  for (auto [keyword, limit] : {std::pair{min, &otherwise.min}, std::pair{max, &otherwise.max}}) {
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
  return otherwise;
}

Result<std::shared_ptr<const Pattern>> read_pattern(std::string_view text, std::string_view place,
                                                    std::string_view keyword) {
  auto pattern = Pattern::compile(text);
  if (!pattern) {
    return refuse(place, keyword, fmt::format("pattern {} cannot be used: {}", json::quote(text), pattern.error().why));
  }
  return std::make_shared<const Pattern>(std::move(*pattern));
}

Result<std::vector<std::string>> read_names(const Value& list, std::string_view place, std::string_view keyword) {
  std::vector<std::string> out;
  if (!list.IsArray()) return refuse(place, keyword, "must be an array of property names");
  for (const auto& name : list.GetArray()) {
    if (!name.IsString()) return refuse(place, keyword, "must hold strings only");
    out.emplace_back(json::view(name));
  }
  return out;
}

Result<std::uint8_t> read_types(const Value& type, std::string_view place) {
  static constexpr std::pair<std::string_view, int> kNames[] = {
      {"null", kNull},     {"boolean", kBoolean}, {"integer", kInteger}, {"number", kInteger | kFraction},
      {"string", kString}, {"array", kArray},     {"object", kObject}};
  const auto one = [&](const Value& word) -> Result<std::uint8_t> {
    if (word.IsString()) {
      for (const auto& [name, bits] : kNames)
        if (name == json::view(word)) return static_cast<std::uint8_t>(bits);
    }
    return refuse(place, "type", fmt::format("{} is no JSON type", json::dump(word)));
  };
  if (!type.IsArray() || type.Empty()) return one(type);
  std::uint8_t bits = 0;
  for (const auto& word : type.GetArray()) bits |= TRY(one(word));
  return bits;
}

bool is_too_deep(const Value& value) {
  std::vector<std::pair<const Value*, int>> open{{&value, 1}};
  while (!open.empty()) {
    const auto [container, depth] = open.back();
    open.pop_back();
    if (!container->IsObject() && !container->IsArray()) continue;
    if (depth > kMaxDepth) return true;
    if (container->IsObject()) {
      for (const auto& member : container->GetObject()) open.emplace_back(&member.value, depth + 1);
    } else {
      for (const auto& item : container->GetArray()) open.emplace_back(&item, depth + 1);
    }
  }
  return false;
}

}  // namespace toolrack::registry::schema
