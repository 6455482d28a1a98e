/// The input of a call. The host has checked it against the manifest's schema; defaults are applied here.
#pragma once

#include "analysis/text.hpp"

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

class Arguments {
 public:
  explicit Arguments(std::string_view json) { document_.Parse(json.data(), json.size()); }

  bool has(const char* name) const { return find(name) != nullptr; }
  std::string text(const char* name, std::string_view fallback = {}) const {
    const rapidjson::Value* const value = find(name);
    if (value == nullptr || !value->IsString()) return std::string(fallback);
    return {value->GetString(), value->GetStringLength()};
  }
  std::uint64_t number(const char* name, std::uint64_t fallback) const {
    const rapidjson::Value* const value = find(name);
    if (value != nullptr && value->IsUint64()) return value->GetUint64();
    // JSON Schema calls 5.0 an integer.
    if (value != nullptr && value->IsDouble() && value->GetDouble() >= 0 && value->GetDouble() < 1e15) {
      return static_cast<std::uint64_t>(value->GetDouble());
    }
    return fallback;
  }
  bool flag(const char* name, bool fallback) const {
    const rapidjson::Value* const value = find(name);
    return value != nullptr && value->IsBool() ? value->GetBool() : fallback;
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> out;
    const rapidjson::Value* const value = find(name);
    if (value == nullptr || !value->IsArray()) return out;
    for (const rapidjson::Value& each : value->GetArray()) {
      if (each.IsString()) out.emplace_back(each.GetString(), each.GetStringLength());
    }
    return out;
  }

 private:
  const rapidjson::Value* find(const char* name) const {
    if (!document_.IsObject()) return nullptr;
    const auto member = document_.FindMember(name);
    return member == document_.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
  }

  rapidjson::Document document_;
};

}  // namespace toolrack::seo
