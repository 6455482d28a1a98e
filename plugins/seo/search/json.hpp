/// Reading what a provider answers: members may be missing or of another kind.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::seo {

/// A null document when `text` is no JSON, or not all of it is UTF-8.
rapidjson::Document parse_json(std::string_view text);
/// Null when it is not there. `pointer`: a JSON Pointer.
const rapidjson::Value* value_at(const rapidjson::Value& from, const char* pointer);
/// The same, where it is a list.
const rapidjson::Value* list_at(const rapidjson::Value& from, const char* pointer);
/// "" when it is not there or no string.
std::string text_at(const rapidjson::Value& from, const char* pointer);
/// Nothing when it is not there or no integer.
std::optional<std::int64_t> integer_at(const rapidjson::Value& from, const char* pointer);
/// A number as JSON, with the digits that it came with; "null" when it is not there or no number.
std::string number_json(const rapidjson::Value& from, const char* pointer);
/// A sum of US dollars in millionths, rounded. Nothing when it is not there, no number, or none that a price can be.
std::optional<std::int64_t> micros_at(const rapidjson::Value& from, const char* pointer);

}  // namespace toolrack::seo
