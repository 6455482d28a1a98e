#include "analysis/directives.hpp"

#include "analysis/text.hpp"

#include <algorithm>
#include <array>

namespace toolrack::seo {
namespace {

constexpr std::string_view kHeader = "x-robots-tag";
constexpr std::array<std::string_view, 18> kKnown = {
    "all",          "index",     "follow",   "noindex",         "nofollow",
    "none",         "noarchive", "nocache",  "nosnippet",       "notranslate",
    "noimageindex", "noodp",     "noydir",   "indexifembedded", "nositelinkssearchbox",
    "archive",      "noai",      "noimageai"};
constexpr std::array<std::string_view, 4> kWithValue = {"max-snippet", "max-image-preview", "max-video-preview",
                                                        "unavailable_after"};

}  // namespace

DirectiveSet read_directives(std::string_view content) {
  DirectiveSet out;
  std::string_view piece;
  while (next_piece(content, ',', piece)) {
    const std::string directive = to_lower(trim(piece));
    if (directive.empty()) continue;
    const std::string name(trim(std::string_view(directive).substr(0, directive.find(':'))));
    if (name == "unavailable_after") break;  // Its date may hold commas.
    out.index = out.index || name == "index" || name == "all";
    out.follow = out.follow || name == "follow" || name == "all";
    out.noindex = out.noindex || name == "noindex" || name == "none";
    out.nofollow = out.nofollow || name == "nofollow" || name == "none";
    const bool is_known = std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end() ||
                          std::find(kWithValue.begin(), kWithValue.end(), name) != kWithValue.end();
    if (!is_known) out.unknown.push_back(shorten(directive, 60));
  }
  return out;
}

bool is_from_header(const Directives& directives) { return directives.source.starts_with(kHeader); }

bool applies_to(const Directives& directives, std::string_view product_token) {
  std::string_view agent = directives.source;
  if (is_from_header(directives)) {
    agent.remove_prefix(std::min(agent.size(), kHeader.size() + 2));
    if (agent.empty()) return true;
  }
  // Google stands for search engines unless somebody asks for another one.
  return agent == "robots" || agent == "googlebot" || equals_ignoring_case(agent, product_token);
}

}  // namespace toolrack::seo
