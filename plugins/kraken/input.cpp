#include "input.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace toolrack::kraken {
namespace {

/// JSON Schema takes 5.0 and 5e0 for integers. Those go through a double, which holds them: a schema bounds them, and
/// what has all its digits does not come this way.
std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec == std::errc() && read.ptr == end) return value;
  constexpr double kExact = 9007199254740992.0;
  const double number = std::strtod(text.c_str(), nullptr);
  if (text.empty() || !(std::fabs(number) <= kExact) || std::floor(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

Input::Input(std::string_view json) {
  document_.Parse<rapidjson::kParseNumbersAsStringsFlag>(json.data(), json.size());
}

const rapidjson::Value* Input::find(const char* name) const {
  if (!document_.IsObject()) return nullptr;
  const auto member = document_.FindMember(name);
  return member == document_.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

std::string Input::text(const char* name) const {
  const rapidjson::Value* const value = find(name);
  if (value == nullptr || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

std::int64_t Input::number(const char* name, std::int64_t fallback) const {
  return whole_number(text(name)).value_or(fallback);
}

std::string Input::digits(const char* name) const {
  const auto value = whole_number(text(name));
  return value ? std::to_string(*value) : std::string();
}

bool Input::flag(const char* name) const {
  const rapidjson::Value* const value = find(name);
  return value != nullptr && value->IsTrue();
}

std::string Input::joined(const char* name) const {
  const rapidjson::Value* const value = find(name);
  std::string out;
  if (value == nullptr || !value->IsArray()) return out;
  for (const rapidjson::Value& each : value->GetArray()) {
    if (!each.IsString()) continue;
    if (!out.empty()) out += ',';
    out.append(each.GetString(), each.GetStringLength());
  }
  return out;
}

}  // namespace toolrack::kraken
