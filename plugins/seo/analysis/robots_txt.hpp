/// robots.txt as RFC 9309 wants it read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

struct RobotsRule {
  bool is_allow = false;
  std::string pattern;   ///< As compared: escapes in upper case, non-ASCII encoded.
  std::size_t line = 0;  ///< From 1.
};

struct RobotsVerdict {
  bool is_allowed = true;
  std::string group;  ///< Product token of the group that decided: "googlebot", "*", or empty when none applies.
  std::string rule;   ///< "Disallow: /private", empty when no rule matched.
  std::size_t line = 0;
};

/// Immutable after parse().
class RobotsTxt {
 public:
  /// What RFC 9309 section 2.5 asks crawlers to read at least; Google reads no more.
  static constexpr std::size_t kMaxBytes = 500 * 1024;

  /// Never fails: lines that mean nothing are passed over and counted.
  static RobotsTxt parse(std::string_view bytes);

  /// For the crawler with this product token ("Googlebot", letter case aside) and path with query. The longest pattern
  /// decides, Allow wins a tie, groups of the same crawler count as one, the group "*" only when there is no other.
  RobotsVerdict check(std::string_view product_token, std::string_view path_and_query) const;

  const std::vector<std::string>& sitemaps() const noexcept { return sitemaps_; }
  bool is_cut() const noexcept { return is_cut_; }
  /// Lines that are neither empty nor comments nor understood.
  std::size_t unknown_lines() const noexcept { return unknown_lines_; }
  /// An HTML page was served in its place.
  bool looks_like_html() const noexcept { return looks_like_html_; }
  std::size_t group_count() const noexcept { return groups_.size(); }

 private:
  struct Group {
    std::vector<std::string> agents;  // Lower case.
    std::vector<RobotsRule> rules;
  };

  std::vector<Group> groups_;
  std::vector<std::string> sitemaps_;
  std::size_t unknown_lines_ = 0;
  bool is_cut_ = false;
  bool looks_like_html_ = false;
};

/// The product token of a User-Agent header: "Googlebot" of "Mozilla/5.0 (compatible; Googlebot/2.1; +http://...)".
std::string product_token(std::string_view user_agent);

/// Whether a rule's pattern ('*' any bytes, '$' at its end the end of the path) matches.
bool robots_pattern_matches(std::string_view pattern, std::string_view path) noexcept;

}  // namespace toolrack::seo
