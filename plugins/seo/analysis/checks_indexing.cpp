#include "analysis/checks.hpp"
#include "analysis/directives.hpp"
#include "analysis/language.hpp"
#include "analysis/text.hpp"

#include <map>

namespace toolrack::seo {

void check_indexing(const Analysis& analysis, const Page& page, Issues& issues) {
  bool is_noindex = false;
  bool says_index = false;
  for (const Directives& directives : page.robots) {
    const DirectiveSet set = read_directives(directives.content);
    const std::string evidence = directives.source + ": " + directives.content;
    for (const std::string& unknown : set.unknown) issues.add("robots_directives.unknown", unknown);
    if ((set.index && set.noindex) || (set.follow && set.nofollow)) issues.add("robots_directives.conflict", evidence);
    if (!applies_to(directives, analysis.robots.product_token)) continue;
    says_index = says_index || set.index;
    if (set.nofollow) issues.add("indexing.nofollow", evidence);
    if (!set.noindex) continue;
    is_noindex = true;
    if (is_from_header(directives)) {
      issues.add("indexing.noindex_header", evidence);
    } else {
      issues.add("indexing.noindex_meta", evidence);
    }
  }
  if (is_noindex && says_index) issues.add("robots_directives.conflict", "both index and noindex");
  if (is_noindex && analysis.robots.is_checked && !analysis.robots.verdict.is_allowed) {
    issues.add("indexing.noindex_unseen", analysis.robots.verdict.rule);
  }
}

void check_robots_txt(const Analysis& analysis, Issues& issues) {
  const RobotsReport& robots = analysis.robots;
  if (!robots.is_checked) return;
  if (!robots.rules && !robots.verdict.is_allowed) {
    issues.add("robots_txt.unreachable",
               robots.url + (robots.status == 0 ? ": " + robots.error : " answers " + std::to_string(robots.status)));
    return;
  }
  if (!robots.verdict.is_allowed) {
    issues.add("indexing.blocked_by_robots_txt", robots.verdict.rule + " (line " + std::to_string(robots.verdict.line) +
                                                     ", User-agent: " + robots.verdict.group + ")");
  }
  if (!robots.rules) return;
  if (robots.rules->looks_like_html()) {
    issues.add("robots_txt.html", robots.url);
    return;
  }
  if (robots.rules->is_cut()) issues.add("robots_txt.too_large", robots.url);
  if (robots.rules->unknown_lines() > 0)
    issues.add("robots_txt.unknown_lines", robots.url, robots.rules->unknown_lines());
}

void check_canonical(const Page& page, Issues& issues) {
  const Canonical* first = nullptr;
  for (const Canonical& canonical : page.canonicals.first) {
    if (!canonical.is_in_head) {
      issues.add("canonical.outside_head", canonical.href);
      continue;
    }
    const std::string source = canonical.is_from_header ? "Link header: " : "";
    if (!canonical.url || !canonical.url->is_http()) {
      issues.add("canonical.malformed", source + "\"" + canonical.href + "\"");
      continue;
    }
    const Url& url = *canonical.url;
    if (first != nullptr) {
      if (url.without_fragment() != first->url->without_fragment()) {
        issues.add("canonical.multiple", first->href + " and " + canonical.href);
      }
      continue;
    }
    first = &canonical;
    if (scheme_of(strip_controls(canonical.href)).empty()) issues.add("canonical.relative", source + canonical.href);
    if (!url.fragment.empty()) issues.add("canonical.fragment", source + canonical.href);
    if (page.url.scheme == "https" && url.scheme == "http") issues.add("canonical.not_https", source + canonical.href);
    if (!is_same_site(url, page.url)) {
      issues.add("canonical.other_host", source + canonical.href);
    } else if (url.target() != page.url.target()) {
      issues.add("canonical.other_page", source + canonical.href);
    }
  }
  if (page.canonicals.total == 0) {
    if (page.is_amp) {
      issues.add("amp.canonical_missing");
    } else {
      issues.add("canonical.missing");
    }
  }
}

void check_hreflang(const Page& page, Issues& issues) {
  if (page.hreflangs.empty()) return;
  std::map<std::string, const Hreflang*> by_language;
  bool names_self = false;
  for (const Hreflang& alternate : page.hreflangs) {
    if (const std::string problem = hreflang_problem(alternate.language); !problem.empty()) {
      issues.add("hreflang.invalid_code", "\"" + alternate.language + "\": " + problem);
    }
    if (!alternate.url || !alternate.url->is_http()) {
      issues.add("hreflang.malformed_url", alternate.language + ": \"" + alternate.href + "\"");
      continue;
    }
    if (scheme_of(strip_controls(alternate.href)).empty()) {
      issues.add("hreflang.relative", alternate.language + ": " + alternate.href);
    }
    names_self = names_self || alternate.url->without_fragment() == page.url.without_fragment();
    const auto [known, is_new] = by_language.emplace(to_lower(alternate.language), &alternate);
    if (!is_new && known->second->url->without_fragment() != alternate.url->without_fragment()) {
      issues.add("hreflang.duplicate", alternate.language + ": " + known->second->href + " and " + alternate.href);
    }
  }
  if (!names_self) issues.add("hreflang.no_self", page.url.without_fragment());
  if (!by_language.contains("x-default")) issues.add("hreflang.no_default");
}

}  // namespace toolrack::seo
