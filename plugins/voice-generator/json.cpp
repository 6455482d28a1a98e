#include "json.hpp"

#include <rapidjson/pointer.h>
#include <toolrack/json_text.hpp>

#include <algorithm>

namespace toolrack::voice {

rapidjson::Document parse(std::string_view text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError()) document.SetNull();
  return document;
}

const rapidjson::Value* at(const rapidjson::Value& from, const char* pointer) {
  return rapidjson::Pointer(pointer).Get(from);
}

std::string text_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = at(from, pointer);
  if (value == nullptr || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

std::int64_t number_at(const rapidjson::Value& from, const char* pointer, std::int64_t fallback) {
  const rapidjson::Value* const value = at(from, pointer);
  return value != nullptr && value->IsInt64() ? value->GetInt64() : fallback;
}

std::string quote_or_null(const std::string& text) { return text.empty() ? "null" : json_quote(text); }

std::size_t count_characters(std::string_view text) noexcept {
  constexpr unsigned kContinues = 0x80;
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != kContinues; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}

}  // namespace toolrack::voice
