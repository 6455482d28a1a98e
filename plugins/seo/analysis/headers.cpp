#include "analysis/headers.hpp"

#include "analysis/text.hpp"

#include <algorithm>
#include <charconv>

namespace toolrack::seo {
namespace {

constexpr std::size_t kMaxLinks = 1000;

/// Reads `;name=value` and `;name="value"` up to a comma; `at` moves behind them.
bool next_parameter(std::string_view text, std::size_t& at, std::string& name, std::string& value) {
  while (at < text.size() && (is_space(text[at]) || text[at] == ';')) ++at;
  if (at >= text.size() || text[at] == ',') return false;
  const std::size_t begin = at;
  while (at < text.size() && text[at] != '=' && text[at] != ';' && text[at] != ',') ++at;
  name = to_lower(trim(text.substr(begin, at - begin)));
  value.clear();
  if (at >= text.size() || text[at] != '=') return true;
  ++at;
  while (at < text.size() && is_space(text[at])) ++at;
  if (at < text.size() && text[at] == '"') {
    const std::size_t end = std::min(text.find('"', at + 1), text.size());
    value = text.substr(at + 1, end - at - 1);
    at = std::min(end + 1, text.size());
  } else {
    const std::size_t from = at;
    while (at < text.size() && text[at] != ';' && text[at] != ',') ++at;
    value = trim(text.substr(from, at - from));
  }
  return true;
}

}  // namespace

std::vector<std::string_view> header_values(const Properties& headers, std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : headers) {
    if (key == name) out.push_back(value);
  }
  return out;
}

std::string_view header(const Properties& headers, std::string_view name) { return property(headers, name); }

std::vector<LinkHeader> parse_link_header(std::string_view value) {
  std::vector<LinkHeader> out;
  std::size_t at = 0;
  while ((at = value.find('<', at)) != std::string_view::npos && out.size() < kMaxLinks) {
    const std::size_t end = value.find('>', at);
    if (end == std::string_view::npos) break;
    LinkHeader link;
    link.target = value.substr(at + 1, end - at - 1);
    at = end + 1;
    std::string name, parameter;
    while (next_parameter(value, at, name, parameter)) {
      if (name == "rel" && link.rel.empty()) link.rel = parameter;
      if (name == "hreflang") link.language = parameter;
    }
    out.push_back(std::move(link));
  }
  return out;
}

Directives parse_robots_header(std::string_view value) {
  value = trim(value);
  const std::size_t colon = value.find(':');
  const std::size_t comma = value.find(',');
  if (colon != std::string_view::npos && colon < comma) {
    const std::string agent = to_lower(trim(value.substr(0, colon)));
    // "max-snippet: 10" is a directive with a value, not a crawler.
    const bool is_directive = agent == "unavailable_after" || agent.starts_with("max-");
    if (!is_directive && agent.find(' ') == std::string::npos) {
      return {"x-robots-tag: " + shorten(agent, 60), shorten(trim(value.substr(colon + 1)), 300)};
    }
  }
  return {"x-robots-tag", shorten(value, 300)};
}

Refresh parse_refresh(std::string_view content) {
  Refresh out;
  content = trim(content);
  const auto [end, error] = std::from_chars(content.data(), content.data() + content.size(), out.seconds);
  if (error != std::errc()) out.seconds = 0;
  std::string_view rest = content.substr(static_cast<std::size_t>(end - content.data()));
  while (!rest.empty() && (is_digit(rest.front()) || rest.front() == '.')) rest.remove_prefix(1);
  while (!rest.empty() && (is_space(rest.front()) || rest.front() == ';' || rest.front() == ',')) rest.remove_prefix(1);
  if (starts_with_ignoring_case(rest, "url")) {
    std::string_view target = trim(rest.substr(3));
    if (target.starts_with('=')) rest = trim(target.substr(1));
  }
  if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
    rest = rest.substr(1, rest.find(rest.front(), 1) - 1);
  }
  out.target = trim(rest);
  return out;
}

}  // namespace toolrack::seo
