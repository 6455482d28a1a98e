#include "rows.hpp"

#include <rapidjson/pointer.h>

#include <charconv>

namespace toolrack::kraken {
namespace {

/// As JSON writes an integer: no sign but a minus, no leading zero, and not more than 64 bits hold.
bool is_integer(const rapidjson::Value& value) {
  if (!value.IsString() || value.GetStringLength() == 0) return false;
  const char* const begin = value.GetString();
  const char* const end = begin + value.GetStringLength();
  std::int64_t number = 0;
  const auto read = std::from_chars(begin, end, number);
  return read.ec == std::errc() && read.ptr == end && std::to_string(number) == begin;
}

void write(Writer& writer, const rapidjson::Value* value, As as) {
  if (value != nullptr && as == As::kText && value->IsString()) {
    writer.String(value->GetString(), value->GetStringLength());
  } else if (value != nullptr && as == As::kInteger && is_integer(*value)) {
    writer.RawValue(value->GetString(), value->GetStringLength(), rapidjson::kNumberType);
  } else if (value != nullptr && as == As::kFlag && value->IsBool()) {
    writer.Bool(value->GetBool());
  } else if (value != nullptr && as == As::kTexts && value->IsArray()) {
    writer.StartArray();
    for (const rapidjson::Value& each : value->GetArray()) write(writer, &each, As::kText);
    writer.EndArray();
  } else {
    writer.Null();
  }
}

}  // namespace

void put(Writer& writer, const rapidjson::Value& from, const PickList& list) {
  for (const Picked& each : list) put(writer, each.name, at(from, each.pointer), each.as);
}

void put(Writer& writer, const char* name, const rapidjson::Value* value, As as) {
  writer.Key(name);
  write(writer, value, as);
}

void put(Writer& writer, const char* name, const std::string& text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put(Writer& writer, const char* name, std::int64_t number) {
  writer.Key(name);
  writer.Int64(number);
}

void put_flag(Writer& writer, const char* name, bool value) {
  writer.Key(name);
  writer.Bool(value);
}

const rapidjson::Value* at(const rapidjson::Value& from, const char* pointer) {
  return rapidjson::Pointer(pointer).Get(from);
}

std::string text_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = at(from, pointer);
  if (value == nullptr || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

std::int64_t count_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = at(from, pointer);
  if (value == nullptr || !is_integer(*value)) return -1;
  std::int64_t number = -1;
  std::from_chars(value->GetString(), value->GetString() + value->GetStringLength(), number);
  return number < 0 ? -1 : number;
}

}  // namespace toolrack::kraken
