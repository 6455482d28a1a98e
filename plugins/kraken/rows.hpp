/// From Kraken's answers, whose numbers were read as text, to rows of the output: no digit is lost or invented.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <initializer_list>
#include <string>

namespace toolrack::kraken {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

/// What becomes of a value: the text it was written in, an integer, true or false, or a list of texts.
enum class As : std::uint8_t { kText, kInteger, kFlag, kTexts };

/// A member of the output and where its value stands in Kraken's answer (a JSON Pointer). Null when it is not there, or
/// is of another kind.
struct Picked {
  const char* name;
  const char* pointer;
  As as = As::kText;
};
using PickList = std::initializer_list<Picked>;

/// Adds the members to the object that is open.
void put(Writer& writer, const rapidjson::Value& from, const PickList& list);
void put(Writer& writer, const char* name, const rapidjson::Value* value, As as = As::kText);
void put(Writer& writer, const char* name, const std::string& text);
void put(Writer& writer, const char* name, std::int64_t number);
void put_flag(Writer& writer, const char* name, bool value);

/// Null when it is not there.
const rapidjson::Value* at(const rapidjson::Value& from, const char* pointer);
/// "" when it is not there or neither text nor a number.
std::string text_at(const rapidjson::Value& from, const char* pointer);
/// -1 when it is not there or no integer that is 0 or more.
std::int64_t count_at(const rapidjson::Value& from, const char* pointer);

}  // namespace toolrack::kraken
