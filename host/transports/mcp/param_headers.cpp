#include "transports/mcp/param_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.hpp"
#include "transports/mcp/modern_check.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

/// Beyond ±(2^53 − 1) one double stands for several integers, so what a header says of one is not certain to be what
/// the body says.
constexpr double kMostExactInteger = 9'007'199'254'740'991.0;

bool says_the_same(const json::Value& value, std::string_view text) {
  if (value.IsString()) return json::view(value) == text;
  if (value.IsBool()) return text == (value.GetBool() ? "true" : "false");
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return value.IsNumber() && error == std::errc() && end == text.data() + text.size() && number == value.GetDouble();
}

std::optional<RpcError> check_one(const std::string& name, const json::Value* value, const net::Headers& headers) {
  const auto* field = headers.find(name);
  const bool is_given = value != nullptr && !value->IsNull();
  if (!is_given)
    return field == nullptr
               ? std::nullopt
               : std::optional(header_mismatch(fmt::format("the header {} is there, its argument is not", name)));
  if (value->IsNumber() && std::abs(value->GetDouble()) > kMostExactInteger)
    return header_mismatch(fmt::format("{} is beyond ±(2^53 − 1), and no integer beyond it goes into the header {}",
                                       json::dump(*value), name));
  if (field == nullptr) return header_mismatch(fmt::format("the header {} is missing", name));
  if (std::ranges::count_if(headers, [&](const auto& one) { return net::equal_ignoring_case(one.name, name); }) > 1)
    return header_mismatch(fmt::format("the header {} is there more than once", name));
  const auto text = decode_header(field->value);
  if (!text || !says_the_same(*value, *text))
    return header_mismatch(fmt::format("the header {} does not say what the body says", name));
  return std::nullopt;
}

}  // namespace

std::optional<RpcError> check_param_headers(const registry::Skill& skill, const json::Value* arguments,
                                            const net::Headers& headers) {
  for (const auto& argument : skill.header_arguments) {
    const auto* value = arguments;
    for (const auto& step : argument.path) value = value == nullptr ? nullptr : json::find(*value, step);
    if (auto error = check_one(argument.header, value, headers)) return error;
  }
  return std::nullopt;
}

}  // namespace toolrack::mcp
