#include "analysis/robots_txt.hpp"

#include "analysis/text.hpp"

#include <algorithm>
#include <optional>

namespace toolrack::seo {
namespace {

enum class Key { kUserAgent, kAllow, kDisallow, kSitemap, kOther, kUnknown };

/// Keys as crawlers take them, common misspellings included.
Key key_of(std::string_view key) {
  const auto is_any_of = [key](auto... names) { return (equals_ignoring_case(key, names) || ...); };
  if (is_any_of("user-agent", "useragent", "user agent")) return Key::kUserAgent;
  if (is_any_of("allow")) return Key::kAllow;
  if (is_any_of("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw")) return Key::kDisallow;
  if (is_any_of("sitemap", "site-map")) return Key::kSitemap;
  if (is_any_of("crawl-delay", "host", "clean-param", "request-rate", "visit-time", "noindex", "content-signal")) {
    return Key::kOther;
  }
  return Key::kUnknown;
}

std::string leading_token(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (is_alpha(text[end]) || text[end] == '-' || text[end] == '_')) ++end;
  return to_lower(text.substr(0, end));
}

/// The form in which patterns and paths are compared: RFC 9309 section 2.2.2.
std::string comparable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  const auto encode = [&](unsigned char byte) {
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      const int value = hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]);
      const char decoded = static_cast<char>(value);
      const bool is_unreserved = is_alpha(decoded) || is_digit(decoded) || decoded == '-' || decoded == '.' ||
                                 decoded == '_' || decoded == '~';
      if (is_unreserved) {
        out += decoded;
      } else {
        encode(static_cast<unsigned char>(value));
      }
      i += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80 || static_cast<unsigned char>(c) <= 0x20) {
      encode(static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

struct Line {
  std::string_view key, value;
};

/// Key and value of a line without its comment; nothing when it has no colon.
std::optional<Line> split_line(std::string_view line) {
  line = trim(line.substr(0, line.find('#')));
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Line{trim(line.substr(0, colon)), trim(line.substr(colon + 1))};
}

/// Cuts the next line off `rest`, whatever its end: CR, LF or both.
bool next_line(std::string_view& rest, std::string_view& line) {
  if (rest.empty()) return false;
  const std::size_t end = rest.find_first_of("\r\n");
  line = rest.substr(0, end);
  if (end == std::string_view::npos) {
    rest = {};
  } else {
    rest.remove_prefix(end + (rest.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return true;
}

}  // namespace

bool robots_pattern_matches(std::string_view pattern, std::string_view path) noexcept {
  const bool is_anchored = pattern.ends_with('$');
  if (is_anchored) pattern.remove_suffix(1);
  // The first part is a prefix, each part behind a '*' goes to its leftmost place, an anchored last part to the end.
  std::size_t star = pattern.find('*');
  const std::string_view head = pattern.substr(0, star);
  if (!path.starts_with(head)) return false;
  if (star == std::string_view::npos) return !is_anchored || path.size() == head.size();
  std::size_t at = head.size();
  for (;;) {
    const std::size_t next = pattern.find('*', star + 1);
    const std::string_view part = pattern.substr(star + 1, next == std::string_view::npos ? next : next - star - 1);
    if (next == std::string_view::npos) {
      if (!is_anchored) return path.find(part, at) != std::string_view::npos;
      return path.size() - at >= part.size() && path.ends_with(part);
    }
    const std::size_t found = path.find(part, at);
    if (found == std::string_view::npos) return false;
    at = found + part.size();
    star = next;
  }
}

std::string product_token(std::string_view user_agent) {
  constexpr std::string_view kCompatible = "compatible;";
  if (const std::size_t at = user_agent.find(kCompatible); at != std::string_view::npos) {
    user_agent = trim(user_agent.substr(at + kCompatible.size()));
  }
  return leading_token(user_agent);
}

RobotsTxt RobotsTxt::parse(std::string_view bytes) {
  RobotsTxt out;
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.size() > kMaxBytes) {
    // The line that the limit cuts is left out: half a rule may mean the opposite.
    bytes = bytes.substr(0, bytes.find_last_of("\r\n", kMaxBytes));
    out.is_cut_ = true;
  }
  const std::string_view start = trim(bytes.substr(0, 256));
  out.looks_like_html_ = starts_with_ignoring_case(start, "<!doctype") || starts_with_ignoring_case(start, "<html");

  bool is_naming_agents = false;  // The lines just read were User-agent lines.
  std::string_view text;
  for (std::size_t number = 1; next_line(bytes, text); ++number) {
    const auto line = split_line(text);
    if (!line) {
      const std::string_view rest = trim(text);
      out.unknown_lines_ += !rest.empty() && rest.front() != '#';
      continue;
    }
    switch (key_of(line->key)) {
      case Key::kUserAgent:
        if (!is_naming_agents) out.groups_.emplace_back();
        is_naming_agents = true;
        out.groups_.back().agents.push_back(line->value.starts_with('*') ? "*" : leading_token(line->value));
        break;
      case Key::kAllow:
      case Key::kDisallow:
        is_naming_agents = false;
        if (!out.groups_.empty() && !line->value.empty()) {
          out.groups_.back().rules.push_back({key_of(line->key) == Key::kAllow, comparable(line->value), number});
        }
        break;
      case Key::kSitemap: {
        std::size_t replaced = 0;
        out.sitemaps_.push_back(to_valid_utf8(line->value, replaced));
        break;
      }
      case Key::kOther:
        break;
      case Key::kUnknown:
        ++out.unknown_lines_;
        break;
    }
  }
  return out;
}

RobotsVerdict RobotsTxt::check(std::string_view product_token, std::string_view path_and_query) const {
  RobotsVerdict verdict;
  const std::string path = comparable(path_and_query);
  if (path == "/robots.txt") return verdict;
  const std::string token = to_lower(product_token);
  const auto names = [](const Group& group, std::string_view agent) {
    return std::find(group.agents.begin(), group.agents.end(), agent) != group.agents.end();
  };
  const auto is_named = [&](const Group& group) { return !token.empty() && names(group, token); };
  const bool has_own = std::any_of(groups_.begin(), groups_.end(), is_named);
  const RobotsRule* best = nullptr;
  for (const Group& group : groups_) {
    if (has_own ? !is_named(group) : !names(group, "*")) continue;
    verdict.group = has_own ? token : "*";
    for (const RobotsRule& rule : group.rules) {
      const bool is_better = best == nullptr || rule.pattern.size() > best->pattern.size() ||
                             (rule.pattern.size() == best->pattern.size() && rule.is_allow && !best->is_allow);
      if (is_better && robots_pattern_matches(rule.pattern, path)) best = &rule;
    }
  }
  if (best != nullptr) {
    verdict.is_allowed = best->is_allow;
    verdict.rule = (best->is_allow ? "Allow: " : "Disallow: ") + best->pattern;
    verdict.line = best->line;
  }
  return verdict;
}

}  // namespace toolrack::seo
