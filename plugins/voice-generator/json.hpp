/// Reading JSON whose members may be missing or of another kind.
#pragma once

#include <rapidjson/document.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace toolrack::voice {

/// A null document when `text` is no JSON, or not all of it is UTF-8.
rapidjson::Document parse(std::string_view text);
/// Null when it is not there. `pointer`: a JSON Pointer.
const rapidjson::Value* at(const rapidjson::Value& from, const char* pointer);
/// "" when it is not there or no string.
std::string text_at(const rapidjson::Value& from, const char* pointer);
/// `fallback` when it is not there or no integer.
std::int64_t number_at(const rapidjson::Value& from, const char* pointer, std::int64_t fallback = 0);
/// The text in quotes, or null for "".
std::string quote_or_null(const std::string& text);
/// Unicode code points of UTF-8 text: what providers count and charge.
std::size_t count_characters(std::string_view text) noexcept;

}  // namespace toolrack::voice
