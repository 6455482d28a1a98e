#include "call/call_options.hpp"

#include <fmt/format.h>

namespace toolrack::call {
namespace {

using base::ErrorCode;
namespace json = base::json;

base::Result<base::Money> read_price(const json::Value& value) {
  return base::Money::parse(value.IsString() ? std::string(json::view(value)) : json::dump(value));
}

}  // namespace

base::Result<bool> read_call_option(std::string_view name, const json::Value& value, CallRequest& request) {
  const auto wrong = [&](std::string_view expected) {
    return base::fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is not {}", name, expected));
  };
  if (name == "dry_run" || name == "confirm") {
    if (!value.IsBool()) return wrong("true or false");
    (name == "dry_run" ? request.dry_run : request.confirmed) = value.GetBool();
  } else if (name == "max_price") {
    if (!value.IsNumber() && !value.IsString()) return wrong("an amount of dollars");
    request.max_price = TRY(read_price(value));
  } else if (name == "timeout_ms") {
    if (!value.IsInt64() || value.GetInt64() < 1) return wrong("a whole number of milliseconds above 0");
    request.timeout_ms = value.GetInt64();
  } else if (name == "cache") {
    const auto word = value.IsString() ? json::view(value) : std::string_view();
    if (word != "on" && word != "refresh" && word != "off") return wrong(R"("on", "refresh" or "off")");
    request.cache = word == "on" ? CacheUse::kOn : word == "refresh" ? CacheUse::kRefresh : CacheUse::kOff;
  } else if (name == "backend") {
    request.backend = std::make_shared<const BackendPreference>(TRY(read_backend_preference(value)));
  } else {
    return false;
  }
  return true;
}

}  // namespace toolrack::call
