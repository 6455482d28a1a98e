/// Every finding the tool can report, with its severity and weight. plugins/seo/README.md shows the same table; a test
/// compares the two.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace toolrack::seo {

enum class Severity : std::uint8_t { kError, kWarning, kNotice };

/// `weight`: points taken off the score of 100, once, however often the finding occurs.
struct IssueKind {
  std::string_view id;
  Severity severity;
  int weight;
  std::string_view title;
  std::string_view fix;
};

// clang-format off
inline constexpr IssueKind kIssueKinds[] = {
    // How the page was reached.
    {"http.status_error", Severity::kError, 60, "The page answers with an error status", "Serve the page with status 200, or redirect to its new address with 301."},
    {"http.redirect_loop", Severity::kError, 60, "The redirects go in a circle", "Make one address answer with 200 and let all others redirect to it directly."},
    {"http.too_many_redirects", Severity::kError, 60, "The redirects do not end", "Redirect straight to the final address."},
    {"http.redirect_broken", Severity::kError, 60, "A redirect has no usable target", "Send a Location header with an absolute http or https URL."},
    {"http.redirect_downgrade", Severity::kError, 10, "A redirect leads from https to http", "Redirect to the https address."},
    {"http.redirect_chain", Severity::kWarning, 4, "Several redirects in a row", "Redirect straight to the final address."},
    {"http.redirect_temporary", Severity::kNotice, 1, "The redirect is temporary", "Use 301 or 308 when the move is permanent."},
    {"http.not_https", Severity::kWarning, 5, "The page is served without TLS", "Serve it over https and redirect http there."},
    {"http.body_cut", Severity::kWarning, 4, "The page was not read to its end", "Make the page smaller, or raise max_bytes; findings behind the cut are missing."},
    {"http.empty_body", Severity::kError, 40, "The page is empty", "Serve HTML; crawlers index what the first response holds."},
    {"http.soft_redirect", Severity::kWarning, 5, "The page redirects with <meta http-equiv=refresh>", "Use an HTTP redirect (301)."},
    {"content.not_html", Severity::kError, 40, "The address serves no HTML", "Analyze an HTML page; set Content-Type: text/html if this is one."},
    {"content.type_missing", Severity::kWarning, 3, "The response has no Content-Type", "Send Content-Type: text/html; charset=utf-8."},
    // Encoding and document.
    {"charset.undeclared", Severity::kWarning, 3, "The character encoding is not declared", "Send charset=utf-8 in Content-Type or start <head> with <meta charset=utf-8>."},
    {"charset.unknown", Severity::kWarning, 5, "The declared character encoding does not exist", "Declare utf-8."},
    {"charset.conflict", Severity::kWarning, 4, "Header and <meta> declare different encodings", "Declare the same encoding in both; the header wins."},
    {"charset.invalid_bytes", Severity::kWarning, 4, "Bytes that mean nothing in the page's encoding", "Store and serve the page in the encoding it declares, best utf-8."},
    {"charset.legacy", Severity::kNotice, 1, "The page is not in UTF-8", "Convert it to UTF-8."},
    {"html.doctype_missing", Severity::kNotice, 1, "No <!DOCTYPE html>", "Start the page with <!DOCTYPE html>."},
    {"html.too_complex", Severity::kError, 30, "The markup is too complex to be parsed", "Close elements; browsers and crawlers give up on such pages too."},
    {"html.too_deep", Severity::kWarning, 4, "Elements nest too deeply", "Close elements; beyond 512 levels parsers flatten the page."},
    {"html.frameset", Severity::kError, 20, "The page is a frameset", "Replace the frames by one HTML page; crawlers index the frames apart."},
    {"html.base_invalid", Severity::kWarning, 4, "<base href> is broken or repeated", "Keep one <base> with a valid URL, or none."},
    {"html.viewport_missing", Severity::kWarning, 4, "No viewport for mobile devices", "Add <meta name=viewport content=\"width=device-width, initial-scale=1\">."},
    {"html.viewport_blocks_zoom", Severity::kNotice, 1, "The viewport forbids zooming", "Remove user-scalable=no and maximum-scale."},
    {"html.lang_missing", Severity::kWarning, 2, "<html> has no language", "Add the language: <html lang=\"en\">."},
    {"html.lang_invalid", Severity::kWarning, 2, "The language of <html> is no language tag", "Use a BCP 47 tag such as en or pt-BR."},
    {"html.lang_conflict", Severity::kNotice, 1, "<html lang> and Content-Language differ", "Declare the same language in both."},
    // Head.
    {"title.missing", Severity::kError, 15, "No <title>", "Add one <title> in <head> that names the page."},
    {"title.empty", Severity::kError, 15, "The <title> is empty", "Write a title that names the page."},
    {"title.multiple", Severity::kWarning, 4, "Several <title> elements", "Keep the first one only."},
    {"title.outside_head", Severity::kWarning, 2, "The <title> stands outside <head>", "Move it into <head>; an element that does not belong there has closed the head too early."},
    {"title.too_long", Severity::kWarning, 2, "The title is longer than search results show", "Keep it within 60 characters."},
    {"title.too_short", Severity::kNotice, 1, "The title is very short", "Describe the page in 10 to 60 characters."},
    {"description.missing", Severity::kWarning, 5, "No meta description", "Add <meta name=description> with a summary of 50 to 160 characters."},
    {"description.empty", Severity::kWarning, 5, "The meta description is empty", "Write a summary of 50 to 160 characters."},
    {"description.multiple", Severity::kWarning, 3, "Several meta descriptions", "Keep one."},
    {"description.too_long", Severity::kNotice, 1, "The meta description is longer than search results show", "Keep it within 160 characters."},
    {"description.too_short", Severity::kNotice, 1, "The meta description is very short", "Use 50 to 160 characters."},
    // Indexing.
    {"indexing.noindex_meta", Severity::kError, 40, "A robots <meta> forbids indexing", "Remove noindex if the page is meant to be found."},
    {"indexing.noindex_header", Severity::kError, 40, "The X-Robots-Tag header forbids indexing", "Remove noindex from the header if the page is meant to be found."},
    {"indexing.nofollow", Severity::kWarning, 4, "The page asks crawlers to follow none of its links", "Remove nofollow from the robots directives."},
    {"indexing.blocked_by_robots_txt", Severity::kError, 40, "robots.txt forbids crawling the page", "Allow the path in robots.txt if the page is meant to be found."},
    {"indexing.noindex_unseen", Severity::kWarning, 5, "noindex cannot be seen behind robots.txt", "Allow crawling until the page has left the index."},
    {"robots_directives.conflict", Severity::kWarning, 2, "Robots directives contradict each other", "Keep one set; crawlers take the strictest."},
    {"robots_directives.unknown", Severity::kNotice, 1, "Robots directives that no crawler knows", "Correct the spelling or remove them."},
    {"robots_txt.unreachable", Severity::kError, 20, "robots.txt cannot be read", "Serve it with 200, or with 404 if there is none; on errors crawlers stay away from the whole site."},
    {"robots_txt.html", Severity::kWarning, 3, "robots.txt is an HTML page", "Serve plain text, or answer 404."},
    {"robots_txt.too_large", Severity::kWarning, 3, "robots.txt is larger than crawlers read", "Keep it under 500 KiB."},
    {"robots_txt.unknown_lines", Severity::kNotice, 1, "robots.txt has lines that mean nothing", "Correct or remove them."},
    {"canonical.missing", Severity::kNotice, 2, "No canonical URL", "Add <link rel=canonical> with the page's own address."},
    {"canonical.multiple", Severity::kError, 8, "Several different canonical URLs", "Keep one; with several search engines ignore all."},
    {"canonical.malformed", Severity::kError, 8, "The canonical URL cannot be read", "Write an absolute https URL."},
    {"canonical.relative", Severity::kWarning, 2, "The canonical URL is relative", "Write an absolute https URL."},
    {"canonical.outside_head", Severity::kWarning, 5, "The canonical link stands outside <head> and is ignored", "Move it into <head>."},
    {"canonical.other_host", Severity::kWarning, 5, "The canonical URL is on another host", "Point it to this site unless the other page is the original."},
    {"canonical.other_page", Severity::kNotice, 1, "The canonical URL is another page", "Check that this page is meant to be found under the other address."},
    {"canonical.not_https", Severity::kWarning, 3, "The canonical URL of an https page is http", "Write the https address."},
    {"canonical.fragment", Severity::kNotice, 1, "The canonical URL has a fragment", "Leave out what follows #."},
    {"hreflang.invalid_code", Severity::kWarning, 4, "hreflang values that are no language", "Use ISO 639-1 languages with optional ISO 3166-1 countries, as in en-GB, or x-default."},
    {"hreflang.malformed_url", Severity::kWarning, 4, "hreflang links that cannot be read", "Write absolute URLs."},
    {"hreflang.relative", Severity::kWarning, 2, "hreflang links that are relative", "Write absolute URLs with https."},
    {"hreflang.duplicate", Severity::kWarning, 3, "One language with several addresses", "Keep one address a language."},
    {"hreflang.no_self", Severity::kWarning, 3, "The hreflang set does not name this page", "Add the page itself with its own language."},
    {"hreflang.no_default", Severity::kNotice, 1, "The hreflang set has no x-default", "Add hreflang=x-default for everybody else."},
    {"amp.canonical_missing", Severity::kError, 8, "An AMP page without canonical link", "Point <link rel=canonical> to the page it is a version of, or to itself."},
    // Content.
    {"headings.h1_missing", Severity::kWarning, 4, "No <h1>", "Give the page one main heading."},
    {"headings.h1_multiple", Severity::kNotice, 2, "Several <h1>", "Use one main heading and <h2> below it."},
    {"headings.empty", Severity::kWarning, 2, "Headings without text", "Remove them or write what follows."},
    {"headings.skipped", Severity::kNotice, 1, "The outline skips heading levels", "Go down one level at a time."},
    {"content.thin", Severity::kWarning, 5, "Little text", "Write at least some 100 words that answer what the title promises; text that scripts add later may not count."},
    {"links.malformed", Severity::kWarning, 3, "Links that cannot be read", "Correct the URLs."},
    {"links.empty", Severity::kWarning, 2, "Links without target", "Give href a target, or use a button."},
    {"links.script", Severity::kNotice, 1, "Links that run scripts", "Use a real address that works without scripts."},
    {"links.no_text", Severity::kWarning, 2, "Links without text", "Write what the target is, or alt text for linked images."},
    {"links.insecure", Severity::kWarning, 2, "Internal links to http", "Link to https addresses."},
    {"links.none", Severity::kNotice, 2, "No internal links", "Link to related pages of the site."},
    {"links.too_many", Severity::kNotice, 1, "Very many links", "Keep what readers need; crawlers do not follow thousands."},
    {"images.alt_missing", Severity::kWarning, 4, "Images without alt text", "Describe each image in alt; alt=\"\" for decoration."},
    {"images.source_missing", Severity::kWarning, 2, "Images without source", "Set src."},
    {"images.dimensions_missing", Severity::kNotice, 1, "Images without width and height", "Set both, so that the page does not jump while it loads."},
    // Structured data and sharing.
    {"json_ld.invalid", Severity::kError, 8, "JSON-LD that cannot be read", "Correct the JSON; one error makes search engines ignore the block."},
    {"json_ld.no_context", Severity::kWarning, 3, "JSON-LD without @context", "Add \"@context\": \"https://schema.org\"."},
    {"json_ld.no_type", Severity::kWarning, 3, "JSON-LD objects without @type", "Say what each object is."},
    {"structured_data.missing", Severity::kNotice, 1, "No structured data", "Describe the page with schema.org JSON-LD where a rich result fits."},
    {"open_graph.missing", Severity::kNotice, 2, "No Open Graph properties", "Add og:title, og:type, og:image and og:url."},
    {"open_graph.incomplete", Severity::kNotice, 1, "Open Graph properties are missing", "Add the missing ones."},
    {"open_graph.bad_url", Severity::kWarning, 2, "Open Graph addresses that are not absolute", "Write absolute URLs in og:image and og:url."},
    {"twitter.bad_card", Severity::kWarning, 1, "An unknown type of Twitter card", "Use summary, summary_large_image, app or player."},
    // Weight.
    {"weight.html_large", Severity::kWarning, 4, "The HTML is larger than 2 MB", "Make it smaller; Googlebot reads the first 2 MB."},
    {"weight.inline_heavy", Severity::kNotice, 1, "Inline scripts and styles outweigh the content", "Move them into files that browsers keep."},
    {"weight.many_resources", Severity::kNotice, 1, "Very many scripts and stylesheets", "Bundle them."},
    {"security.mixed_content", Severity::kWarning, 4, "An https page loads resources over http", "Load them over https; browsers block them."},
    // Sitemaps.
    {"sitemap.not_found", Severity::kError, 60, "No sitemap", "Name it in robots.txt (Sitemap: https://...) or serve /sitemap.xml."},
    {"sitemap.unreachable", Severity::kError, 60, "The sitemap cannot be fetched", "Serve it with status 200."},
    {"sitemap.invalid_xml", Severity::kError, 40, "The sitemap is no well-formed XML", "Correct the XML; escape & as &amp;."},
    {"sitemap.damaged_gzip", Severity::kError, 40, "The compressed sitemap is damaged", "Compress it again with gzip."},
    {"sitemap.not_a_sitemap", Severity::kError, 40, "The document is no sitemap", "Its root has to be <urlset> or <sitemapindex>."},
    {"sitemap.wrong_namespace", Severity::kWarning, 4, "The sitemap has another XML namespace", "Use xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"."},
    {"sitemap.empty", Severity::kWarning, 10, "The sitemap lists nothing", "List the pages that are meant to be found."},
    {"sitemap.too_many_urls", Severity::kError, 15, "More than 50,000 entries in one file", "Split it and list the parts in a sitemap index."},
    {"sitemap.too_large", Severity::kError, 15, "The file is larger than 50 MB uncompressed", "Split it and list the parts in a sitemap index."},
    {"sitemap.cut", Severity::kWarning, 4, "The sitemap was not read to its end", "Raise max_bytes; findings behind the cut are missing."},
    {"sitemap.nested_index", Severity::kError, 8, "A sitemap index lists another index", "List sitemaps only; crawlers do not go deeper."},
    {"sitemap.loc_missing", Severity::kError, 8, "Entries without <loc>", "Give each entry its URL."},
    {"sitemap.loc_invalid", Severity::kError, 8, "Entries whose URL cannot be read", "Write absolute URLs of less than 2,048 characters."},
    {"sitemap.other_host", Severity::kWarning, 6, "Entries of other hosts", "A sitemap speaks for its own host; name foreign ones in their robots.txt."},
    {"sitemap.not_https", Severity::kWarning, 4, "Entries with http addresses", "List the https addresses."},
    {"sitemap.duplicate", Severity::kWarning, 3, "Entries that are listed twice", "List each address once."},
    {"sitemap.lastmod_invalid", Severity::kWarning, 3, "Dates that cannot be read", "Use W3C dates such as 2024-05-31 or 2024-05-31T10:00:00+00:00."},
    {"sitemap.lastmod_future", Severity::kWarning, 2, "Dates in the future", "Write when the page last changed."},
    {"sitemap.priority_invalid", Severity::kWarning, 2, "Priorities outside 0.0 to 1.0", "Use a number from 0.0 to 1.0, or leave it out: search engines ignore it."},
    {"sitemap.changefreq_invalid", Severity::kWarning, 2, "Unknown change frequencies", "Use always, hourly, daily, weekly, monthly, yearly or never."},
    {"sitemap.url_broken", Severity::kError, 10, "Listed pages that cannot be fetched", "Remove them or make them answer with 200."},
    {"sitemap.url_redirects", Severity::kWarning, 4, "Listed pages that redirect", "List the final addresses."},
    {"sitemap.content_type", Severity::kNotice, 1, "The sitemap is served as HTML", "Send Content-Type: application/xml."},
};
// clang-format on

/// Names a finding; a name that is not in the table does not compile.
class IssueId {
 public:
  consteval IssueId(const char* id) : kind_(find(id)) {}  // NOLINT(google-explicit-constructor): reads as the name.
  constexpr const IssueKind& kind() const noexcept { return *kind_; }

 private:
  static consteval const IssueKind* find(std::string_view id) {
    for (const IssueKind& kind : kIssueKinds) {
      if (kind.id == id) return &kind;
    }
    throw "no such issue";
  }
  const IssueKind* kind_;
};

}  // namespace toolrack::seo
