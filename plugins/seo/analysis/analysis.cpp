#include "analysis/analysis.hpp"

#include "analysis/checks.hpp"
#include "analysis/collector.hpp"
#include "analysis/headers.hpp"
#include "analysis/text.hpp"

#include <utility>

namespace toolrack::seo {
namespace {

bool is_html_type(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  return equals_ignoring_case(type, "text/html") || equals_ignoring_case(type, "application/xhtml+xml") ||
         equals_ignoring_case(type, "application/vnd.wap.xhtml+xml");
}

bool looks_like_html(std::string_view text) {
  const std::string_view start = trim(text.substr(0, 512));
  for (const std::string_view tag :
       {"<!doctype html", "<html", "<head", "<body", "<title", "<!--", "<meta", "<h1", "<div", "<p>"}) {
    if (starts_with_ignoring_case(start, tag)) return true;
  }
  return false;
}

/// Directives, canonicals and alternates that came as headers.
void add_headers(const Properties& headers, Page& page) {
  for (const std::string_view value : header_values(headers, "x-robots-tag")) {
    page.robots.push_back(parse_robots_header(value));
  }
  for (const std::string_view value : header_values(headers, "link")) {
    for (LinkHeader& link : parse_link_header(value)) {
      if (has_token(link.rel, "canonical")) {
        page.canonicals.add([&] {
          return Canonical{shorten(link.target, 500), resolve(page.url, link.target), true, true};
        });
      }
      if (has_token(link.rel, "alternate") && !link.language.empty() && page.hreflangs.size() < Page::kMaxEntries) {
        page.hreflangs.push_back(
            {shorten(link.language, 60), shorten(link.target, 500), resolve(page.url, link.target), true});
      }
    }
  }
}

/// Values as well-formed UTF-8: servers send Latin-1 and worse.
Properties readable(const Properties& headers) {
  Properties out;
  std::size_t replaced = 0;
  for (const auto& [name, value] : headers)
    out.emplace_back(to_lower(to_valid_utf8(name, replaced)), to_valid_utf8(value, replaced));
  return out;
}

void judge(Analysis& analysis) {
  Issues& issues = analysis.issues;
  check_transport(analysis, issues);
  check_robots_txt(analysis, issues);
  const bool is_fine = analysis.fetched.redirect_end == RedirectEnd::kArrived && analysis.fetched.status >= 200 &&
                       analysis.fetched.status < 300;
  if (analysis.page && is_fine) {
    check_indexing(analysis, *analysis.page, issues);
  }
  // What an error page lacks is not what the page lacks that should be there.
  if (analysis.page && is_fine && analysis.is_html && analysis.decoded_bytes > 0 && !issues.has("html.too_complex")) {
    check_charset(analysis, issues);
    check_document(analysis, *analysis.page, issues);
    check_title_and_description(*analysis.page, issues);
    check_canonical(*analysis.page, issues);
    check_hreflang(*analysis.page, issues);
    check_content(*analysis.page, issues);
    check_structured_data(*analysis.page, issues);
    check_weight(analysis, *analysis.page, issues);
  }
  for (const Issue& issue : issues.sorted()) {
    const std::string_view id = issue.kind->id;
    const bool is_obstacle = id == "http.status_error" || id == "http.redirect_loop" ||
                             id == "http.too_many_redirects" || id == "http.redirect_broken" ||
                             id == "indexing.noindex_meta" || id == "indexing.noindex_header" ||
                             id == "indexing.blocked_by_robots_txt" || id == "robots_txt.unreachable" ||
                             id == "http.empty_body" || id == "content.not_html" || id == "html.too_complex";
    if (is_obstacle) analysis.index_obstacles.emplace_back(id);
  }
  analysis.is_indexable = analysis.index_obstacles.empty();
}

}  // namespace

RobotsReport judge_robots(std::string robots_url, int status, std::string_view body, std::string error,
                          std::string_view product_token, const Url& page) {
  RobotsReport report;
  report.is_checked = true;
  report.url = std::move(robots_url);
  report.status = status;
  report.error = std::move(error);
  report.product_token = product_token;
  if (status >= 200 && status < 300) {
    report.rules = RobotsTxt::parse(body);
    report.verdict = report.rules->check(product_token, page.target());
  } else {
    report.verdict.is_allowed = status >= 400 && status < 500;
  }
  return report;
}

Analysis analyze(Fetched fetched, RobotsReport robots) {
  Analysis analysis;
  analysis.robots = std::move(robots);
  fetched.headers = readable(fetched.headers);
  const std::string body = std::exchange(fetched.body, {});
  analysis.fetched = std::move(fetched);
  analysis.decoded_bytes = body.size();
  const std::string content_type(header(analysis.fetched.headers, "content-type"));
  const auto url = parse_url(analysis.fetched.url);
  if (url && analysis.fetched.redirect_end == RedirectEnd::kArrived) {
    analysis.charset = decode_page(body, content_type);
    std::string text = std::exchange(analysis.charset.utf8, {});
    analysis.is_html = is_html_type(content_type) || (trim(content_type).empty() && looks_like_html(text));
    if (analysis.is_html) {
      if (const auto document = HtmlDocument::parse(std::move(text))) {
        analysis.page = collect(*document, *url);
      } else {
        analysis.issues.add("html.too_complex", std::to_string(body.size()) + " bytes");
      }
    }
    if (!analysis.page) {
      // Headers still say something about files and about pages nobody can parse.
      analysis.page.emplace();
      analysis.page->url = *url;
      analysis.page->base = *url;
    }
    add_headers(analysis.fetched.headers, *analysis.page);
  }
  judge(analysis);
  return analysis;
}

}  // namespace toolrack::seo
