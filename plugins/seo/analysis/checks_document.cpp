#include "analysis/checks.hpp"
#include "analysis/headers.hpp"
#include "analysis/language.hpp"
#include "analysis/text.hpp"

namespace toolrack::seo {
namespace {

void check_base(const Page& page, Issues& issues) {
  if (page.bases.empty()) return;
  if (page.bases.size() > 1) issues.add("html.base_invalid", "several, beginning with " + page.bases[0]);
  if (trim(page.bases[0]).empty() || !resolve(page.url, page.bases[0])) {
    issues.add("html.base_invalid", "\"" + page.bases[0] + "\" is no URL");
  }
}

void check_viewport(const Page& page, Issues& issues) {
  if (!page.viewport) {
    issues.add("html.viewport_missing");
    return;
  }
  std::string viewport = to_lower(*page.viewport);
  std::erase(viewport, ' ');
  const bool blocks = viewport.find("user-scalable=no") != std::string::npos ||
                      viewport.find("user-scalable=0") != std::string::npos || viewport.ends_with("maximum-scale=1") ||
                      viewport.find("maximum-scale=1,") != std::string::npos ||
                      viewport.find("maximum-scale=1.0") != std::string::npos;
  if (blocks) issues.add("html.viewport_blocks_zoom", *page.viewport);
}

void check_language(const Analysis& analysis, const Page& page, Issues& issues) {
  if (page.language.empty()) {
    issues.add("html.lang_missing", page.has_language ? "lang is empty" : "");
    return;
  }
  if (!is_language_tag(page.language)) {
    issues.add("html.lang_invalid", page.language);
    return;
  }
  std::string_view declared = header(analysis.fetched.headers, "content-language");
  if (declared.empty()) declared = page.content_language;
  // A list names the audience, not the language of the text.
  if (declared.empty() || declared.find(',') != std::string_view::npos) return;
  if (primary_language(trim(declared)) != primary_language(page.language)) {
    issues.add("html.lang_conflict", "html: " + page.language + ", Content-Language: " + std::string(declared));
  }
}

}  // namespace

void check_document(const Analysis& analysis, const Page& page, Issues& issues) {
  if (!page.has_doctype) issues.add("html.doctype_missing");
  if (page.dropped_tags > 0) {
    issues.add("html.too_deep", std::to_string(page.dropped_tags) + " tags were left out", page.dropped_tags);
  }
  if (page.is_frameset) issues.add("html.frameset");
  check_base(page, issues);
  check_viewport(page, issues);
  check_language(analysis, page, issues);
  if (page.refresh) {
    const Refresh refresh = parse_refresh(*page.refresh);
    const auto target = refresh.target.empty() ? std::nullopt : resolve(page.base, refresh.target);
    if (target && target->without_fragment() != page.url.without_fragment())
      issues.add("http.soft_redirect", *page.refresh);
  }
}

void check_title_and_description(const Page& page, Issues& issues) {
  constexpr std::size_t kTitleMin = 10, kTitleMax = 60, kDescriptionMin = 50, kDescriptionMax = 160;
  const auto length = [](std::size_t count) { return std::to_string(count) + " characters: "; };
  if (page.titles.total == 0) {
    issues.add("title.missing");
  } else {
    const Title& title = page.titles.first.front();
    const std::size_t count = title.length;
    if (page.titles.total > 1) issues.add("title.multiple", page.titles.first[1].text, page.titles.total);
    if (!title.is_in_head) issues.add("title.outside_head", title.text);
    if (count == 0) {
      issues.add("title.empty");
    } else if (count > kTitleMax) {
      issues.add("title.too_long", length(count) + title.text);
    } else if (count < kTitleMin) {
      // A character of Chinese or Japanese says what a word says elsewhere; those have three bytes.
      if (title.text.size() < count * 3) issues.add("title.too_short", length(count) + title.text);
    }
  }
  if (page.descriptions.total == 0) {
    issues.add("description.missing");
    return;
  }
  const Description& description = page.descriptions.first.front();
  const std::size_t count = description.length;
  if (page.descriptions.total > 1)
    issues.add("description.multiple", page.descriptions.first[1].text, page.descriptions.total);
  if (count == 0) {
    issues.add("description.empty");
  } else if (count > kDescriptionMax) {
    issues.add("description.too_long", length(count) + description.text);
  } else if (count < kDescriptionMin && description.text.size() < count * 2) {
    issues.add("description.too_short", length(count) + description.text);
  }
}

}  // namespace toolrack::seo
