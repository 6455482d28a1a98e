#include "transports/mcp/refusals.hpp"

#include <fmt/format.h>

#include "base/shown_text.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {
namespace {

using base::json::Value;

std::string_view type_name(const Value* value) {
  if (value == nullptr) return "missing";
  if (value->IsNull()) return "null";
  if (value->IsBool()) return value->GetBool() ? "true" : "false";
  if (value->IsString()) return "a string";
  if (value->IsArray()) return "an array";
  return value->IsObject() ? "an object" : "a number";
}

}  // namespace

std::string wrong_type(std::string_view where, const Value* given, std::string_view expected) {
  return fmt::format("{} is {}; it must be {}", where, type_name(given), expected);
}

std::string too_long(std::string_view where, std::string_view given, std::size_t most) {
  return fmt::format("{} has {} bytes; it may have {} at most", where, given.size(), most);
}

std::optional<std::string> wrong_progress_token(const Value& meta) {
  const auto* token = base::json::find(meta, "progressToken");
  if (token == nullptr || token->IsString() || token->IsInt64() || token->IsUint64()) return std::nullopt;
  return wrong_type("params._meta.progressToken", token, "a string or an integer");
}

std::optional<std::string> read_log_level(std::string_view where, const Value* given, std::uint8_t& out) {
  constexpr std::string_view kExpected = "debug, info, notice, warning, error, critical, alert or emergency";
  if (given == nullptr || !given->IsString()) return wrong_type(where, given, kExpected);
  const auto name = base::json::view(*given);
  const auto level = find_log_level(name);
  if (!level) return fmt::format("{} is {}; it must be {}", where, base::shown(name), kExpected);
  out = *level;
  return std::nullopt;
}

std::string not_there(std::string_view what, std::string_view name, std::string_view remedy) {
  return fmt::format("there is no {} {}: {}", what, base::shown(name), remedy);
}

std::string with_remedy(const base::Error& error) {
  const auto& text = error.message();
  if (error.hint().empty()) return text;
  return fmt::format("{}{} {}", text, text.ends_with('.') ? "" : ".", error.hint());
}

std::string bad_cursor(const Value& cursor) {
  if (!cursor.IsString()) return wrong_type("params.cursor", &cursor, "a string");
  return fmt::format("params.cursor {} is not one that this list has given here; begin without one",
                     base::shown(base::json::view(cursor)));
}

std::string no_session(std::string_view id) {
  constexpr std::size_t kShown = 16;
  return fmt::format("there is no session {}: it was ended, has expired, or is another account's; initialize again",
                     base::shown(id, kShown));
}

}  // namespace toolrack::mcp
