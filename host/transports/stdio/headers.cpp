#include "transports/stdio/headers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"

namespace toolrack::stdio {
namespace {

constexpr std::string_view kPrefix = "=?base64?", kSuffix = "?=";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_plain(std::string_view value) {
  const auto is_fit = [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; };
  if (value.empty()) return true;
  return std::ranges::all_of(value, is_fit) && !is_blank(value.front()) && !is_blank(value.back()) &&
         !(value.starts_with(kPrefix) && value.ends_with(kSuffix));
}

}  // namespace

std::string header_value(std::string_view value) {
  if (is_plain(value)) return std::string(value);
  return fmt::format("{}{}{}", kPrefix, base::to_base64(value), kSuffix);
}

std::string header_line(std::string_view name, std::string_view value) {
  return value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, header_value(value));
}

const char* name_member(std::string_view method) noexcept {
  if (method == "tools/call" || method == "prompts/get") return "name";
  if (method == "resources/read") return "uri";
  if (method == "tasks/get" || method == "tasks/update" || method == "tasks/cancel") return "taskId";
  return nullptr;
}

}  // namespace toolrack::stdio
