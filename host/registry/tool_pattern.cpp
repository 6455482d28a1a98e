#include "registry/tool_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"

namespace toolrack::registry {
namespace {

constexpr std::size_t kMaxPattern = 256;
constexpr std::string_view kForm =
    "Write [owner/]tool[@version][.skill], as in \"seo\", \"seo.keyword_*\", \"acme/*\".";

bool is_small(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_slug_character(char c) noexcept { return is_small(c) || c == '-' || c == '*'; }
bool is_skill_character(char c) noexcept { return is_small(c) || c == '_' || c == '*'; }
bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes "1", "1.4" or "1.4.0" off the front. What follows a dot and is no number is a skill.
std::string_view take_version(std::string_view& rest) noexcept {
  std::size_t end = 0;
  for (int part = 0; part < 3; ++part) {
    auto next = part == 0 ? 0 : end + 1;
    if (part > 0 && (end >= rest.size() || rest[end] != '.')) break;
    const auto first = next;
    while (next < rest.size() && is_decimal(rest[next])) ++next;
    if (next == first || (next < rest.size() && rest[next] != '.')) break;
    end = next;
  }
  const auto version = rest.substr(0, end);
  rest.remove_prefix(end);
  return version;
}

}  // namespace

base::Result<ToolPattern> ToolPattern::parse(std::string_view text) {
  const auto refuse = [whole = text](std::string_view what) {
    return base::fail(base::ErrorCode::kInvalidRequest,
                      fmt::format("the pattern {} {}", base::json::quote(whole.substr(0, kMaxPattern)), what),
                      std::string(kForm));
  };
  if (text.size() > kMaxPattern) return refuse(fmt::format("has more than {} characters", kMaxPattern));
  ToolPattern out;
  out.is_exclusion = text.starts_with('!');
  if (out.is_exclusion) text.remove_prefix(1);
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    out.owner = text.substr(0, slash);
    text.remove_prefix(slash + 1);
    if (out.owner.empty()) return refuse("has no owner before its slash");
  }
  const auto end = std::min(text.find_first_of("@."), text.size());
  out.tool = text.substr(0, end);
  text.remove_prefix(end);
  if (out.tool.empty()) return refuse("names no tool");
  if (text.starts_with('@')) {
    text.remove_prefix(1);
    out.version = take_version(text);
    if (out.version.empty() || (!text.empty() && text.front() != '.'))
      return refuse("names no version such as @1, @1.4 or @1.4.0");
  }
  if (text.starts_with('.')) {
    out.skill = text.substr(1);
    if (out.skill.empty()) return refuse("names no skill after its dot");
  }
  if (out.tool.find('_') != std::string::npos && out.skill.empty())
    return refuse("holds an underscore, which no tool's name has: a skill stands behind its tool and a dot");
  if (!std::ranges::all_of(out.owner, is_slug_character) || !std::ranges::all_of(out.tool, is_slug_character))
    return refuse("holds a character that no owner's or tool's name has");
  if (!std::ranges::all_of(out.skill, is_skill_character)) return refuse("holds a character that no skill's name has");
  return out;
}

}  // namespace toolrack::registry
