#include "search/json.hpp"

#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>

namespace toolrack::seo {

rapidjson::Document parse_json(std::string_view text) {
  constexpr unsigned kFlags =
      rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag;
  rapidjson::Document document;
  document.Parse<kFlags>(text.data(), text.size());
  if (document.HasParseError()) document.SetNull();
  return document;
}

const rapidjson::Value* value_at(const rapidjson::Value& from, const char* pointer) {
  return rapidjson::Pointer(pointer).Get(from);
}

const rapidjson::Value* list_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = value_at(from, pointer);
  return value != nullptr && value->IsArray() ? value : nullptr;
}

std::string text_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = value_at(from, pointer);
  if (value == nullptr || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

std::optional<std::int64_t> integer_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = value_at(from, pointer);
  if (value == nullptr || !value->IsInt64()) return std::nullopt;
  return value->GetInt64();
}

std::string number_json(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = value_at(from, pointer);
  if (value == nullptr || !value->IsNumber()) return "null";
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value->Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<std::int64_t> micros_at(const rapidjson::Value& from, const char* pointer) {
  constexpr double kMicros = 1e6, kMostDollars = 1000;
  const rapidjson::Value* const value = value_at(from, pointer);
  if (value == nullptr || !value->IsNumber()) return std::nullopt;
  const double dollars = value->GetDouble();
  if (!(dollars >= 0 && dollars <= kMostDollars)) return std::nullopt;
  return std::llround(dollars * kMicros);
}

}  // namespace toolrack::seo
