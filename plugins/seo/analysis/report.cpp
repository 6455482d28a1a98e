#include "analysis/analysis.hpp"
#include "analysis/directives.hpp"
#include "analysis/headers.hpp"
#include "analysis/json_out.hpp"
#include "analysis/language.hpp"
#include "analysis/text.hpp"

#include <charconv>

namespace toolrack::seo {
namespace {

constexpr std::size_t kMaxHeadings = 200;
constexpr std::size_t kMaxLinks = 100;
constexpr std::size_t kMaxHreflangs = 200;

void write_http(JsonOut& out, const Analysis& analysis) {
  const Fetched& fetched = analysis.fetched;
  out.field("url", fetched.requested_url).field("final_url", fetched.url).field("status", fetched.status);
  out.array("redirects");
  for (const Hop& hop : fetched.redirects) {
    out.object()
        .field("url", hop.url)
        .field("status", hop.status)
        .field("location", shorten(hop.location, 500))
        .end_object();
  }
  out.end_array();
}

void write_robots_txt(JsonOut& out, const RobotsReport& robots) {
  if (!robots.is_checked) return;
  out.object("robots_txt").field("url", robots.url).field("status", robots.status);
  out.field("user_agent", robots.product_token).field("allowed", robots.verdict.is_allowed);
  if (!robots.error.empty()) out.field("error", shorten(robots.error, 300));
  if (!robots.verdict.group.empty()) out.field("group", robots.verdict.group);
  if (!robots.verdict.rule.empty())
    out.field("rule", shorten(robots.verdict.rule, 300)).field("line", robots.verdict.line);
  out.array("sitemaps");
  if (robots.rules) {
    std::size_t count = 0;
    for (const std::string& sitemap : robots.rules->sitemaps()) {
      if (count++ < 50) out.value(shorten(sitemap, 500));
    }
  }
  out.end_array().end_object();
}

void write_document(JsonOut& out, const Analysis& analysis, const Page& page) {
  const DecodedText& charset = analysis.charset;
  out.object("document");
  out.field("content_type", shorten(header(analysis.fetched.headers, "content-type"), 200));
  out.object("charset").field("name", charset.encoding).field("source", charset.source);
  out.field("replaced", charset.replaced).end_object();
  out.field("doctype", page.has_doctype).field("quirks_mode", page.is_quirky);
  out.object("language").field("html", page.language);
  std::string_view declared = header(analysis.fetched.headers, "content-language");
  if (declared.empty()) declared = page.content_language;
  out.field("content_language", shorten(declared, 100)).end_object();
  out.field("viewport", page.viewport ? std::string_view(*page.viewport) : std::string_view());
  out.field("amp", page.is_amp).field("frameset", page.is_frameset);
  out.field("base", page.base.text());
  if (!page.amp_url.empty()) out.field("amp_url", page.amp_url);
  if (!page.icon.empty()) out.field("icon", page.icon);
  if (!page.next.empty()) out.field("next", page.next);
  if (!page.previous.empty()) out.field("previous", page.previous);
  if (page.refresh) out.field("refresh", *page.refresh);
  out.end_object();
}

/// A Title or a Description; the first one counts.
template <class T>
void write_text_with_length(JsonOut& out, std::string_view name, const Sampled<T>& all) {
  out.object(name);
  out.field("text", all.first.empty() ? std::string() : shorten(all.first.front().text, 500));
  out.field("length", all.first.empty() ? 0 : all.first.front().length).field("count", all.total).end_object();
}

void write_headings(JsonOut& out, const Page& page) {
  out.object("headings").object("counts");
  for (int level = 1; level <= 6; ++level) out.field("h" + std::to_string(level), page.headings.counts[level]);
  out.end_object().array("outline");
  std::size_t written = 0;
  for (const Heading& heading : page.headings.first) {
    if (written++ == kMaxHeadings) break;
    out.object().field("level", heading.level).field("text", shorten(heading.text, 200)).end_object();
  }
  out.end_array().end_object();
}

void write_indexing(JsonOut& out, const Analysis& analysis, const Page& page) {
  out.object("robots");
  bool noindex = false;
  bool nofollow = false;
  out.array("directives");
  for (const Directives& directives : page.robots) {
    out.object().field("source", directives.source).field("content", directives.content).end_object();
    if (!applies_to(directives, analysis.robots.product_token)) continue;
    const DirectiveSet set = read_directives(directives.content);
    noindex = noindex || set.noindex;
    nofollow = nofollow || set.nofollow;
  }
  out.end_array().field("noindex", noindex).field("nofollow", nofollow).end_object();

  out.object("canonical");
  const Canonical* chosen = nullptr;
  for (const Canonical& canonical : page.canonicals.first) {
    if (chosen == nullptr && canonical.is_in_head && canonical.url) chosen = &canonical;
  }
  if (chosen != nullptr) {
    out.field("url", shorten(chosen->url->text(), 500));
    out.field("self", chosen->url->without_fragment() == page.url.without_fragment());
  } else {
    out.null("url");
  }
  out.field("count", page.canonicals.total).end_object();

  out.array("hreflang");
  std::size_t written = 0;
  for (const Hreflang& alternate : page.hreflangs) {
    if (written++ == kMaxHreflangs) break;
    out.object().field("language", alternate.language);
    out.field("url", alternate.url ? shorten(alternate.url->text(), 500) : alternate.href);
    out.field("valid", hreflang_problem(alternate.language).empty() && alternate.url.has_value()).end_object();
  }
  out.end_array();
}

void write_properties(JsonOut& out, std::string_view name, const Properties& properties) {
  out.object(name);
  for (std::size_t i = 0; i < properties.size(); ++i) {
    // The first one of a name counts.
    if (property(properties, properties[i].first).data() == std::string_view(properties[i].second).data()) {
      out.field(properties[i].first, properties[i].second);
    }
  }
  out.end_object();
}

void write_json_ld(JsonOut& out, const Page& page) {
  out.array("json_ld");
  for (const JsonLdBlock& block : page.json_ld) {
    out.object().field("valid", block.is_valid).field("bytes", block.bytes);
    if (!block.context.empty()) out.field("context", block.context);
    out.strings("types", block.types);
    if (!block.error.empty()) out.field("error", shorten(block.error, 300));
    out.end_object();
  }
  out.end_array();
}

std::string_view name_of(LinkKind kind) {
  switch (kind) {
    case LinkKind::kInternal:
      return "internal";
    case LinkKind::kExternal:
      return "external";
    case LinkKind::kAnchor:
      return "anchor";
    case LinkKind::kMail:
      return "mail";
    case LinkKind::kPhone:
      return "phone";
    case LinkKind::kScript:
      return "script";
    case LinkKind::kOther:
      return "other";
    case LinkKind::kEmpty:
      return "empty";
    case LinkKind::kMalformed:
      return "malformed";
  }
  return {};
}

void write_links(JsonOut& out, const Links& links) {
  out.object("links").field("total", links.total).field("internal", links.internal).field("external", links.external);
  out.field("nofollow", links.nofollow).field("anchor", links.anchor).field("mail_or_phone", links.mail_or_phone);
  out.field("script", links.script).field("other", links.other).field("empty", links.empty);
  out.field("malformed", links.malformed).field("without_text", links.without_text).array("samples");
  std::size_t written = 0;
  for (const Link& link : links.samples) {
    if (written++ == kMaxLinks) break;
    out.object().field("kind", name_of(link.kind)).field("url", link.href).field("text", link.text);
    if (!link.rel.empty()) out.field("rel", shorten(link.rel, 80));
    out.end_object();
  }
  out.end_array().end_object();
}

void write_images(JsonOut& out, const Images& images) {
  out.object("images").field("total", images.total).field("without_alt", images.without_alt);
  out.field("empty_alt", images.with_empty_alt).field("without_source", images.without_source);
  out.field("without_dimensions", images.without_dimensions).field("lazy", images.lazy);
  out.array("samples_without_alt");
  std::size_t written = 0;
  for (const std::string& sample : images.samples_without_alt) {
    if (written++ < 20) out.value(std::string_view(sample));
  }
  out.end_array().end_object();
}

void write_weight(JsonOut& out, const Analysis& analysis, const Page& page) {
  const Weight& weight = page.weight;
  out.object("weight").field("html_bytes", analysis.decoded_bytes).field("truncated", analysis.fetched.is_cut);
  const std::string_view encoding = header(analysis.fetched.headers, "content-encoding");
  const std::string_view length = header(analysis.fetched.headers, "content-length");
  std::size_t transferred = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), transferred);
  if (!length.empty() && error == std::errc() && end == length.data() + length.size()) {
    out.field("transferred_bytes", transferred);
  }
  if (!encoding.empty()) out.field("content_encoding", shorten(encoding, 60));
  out.field("text_bytes", page.text.size()).field("elements", weight.elements).field("max_depth", weight.max_depth);
  out.field("external_scripts", weight.external_scripts).field("inline_scripts", weight.inline_scripts);
  out.field("inline_script_bytes", weight.inline_script_bytes).field("stylesheets", weight.stylesheets);
  out.field("inline_styles", weight.inline_styles).field("inline_style_bytes", weight.inline_style_bytes);
  out.field("style_attributes", weight.style_attributes).field("iframes", weight.iframes);
  out.field("images", page.images.total).end_object();
}

void write_issues(JsonOut& out, const Analysis& analysis) {
  out.field("score", analysis.issues.score());
  out.object("indexable")
      .field("verdict", analysis.is_indexable)
      .strings("obstacles", analysis.index_obstacles)
      .end_object();
  out.array("issues");
  for (const Issue& issue : analysis.issues.sorted()) {
    out.object().field("id", issue.kind->id).field("severity", seo::name_of(issue.kind->severity));
    out.field("title", issue.kind->title).field("evidence", issue.evidence).field("count", issue.count);
    out.field("weight", issue.kind->weight).field("fix", issue.kind->fix).end_object();
  }
  out.end_array();
}

}  // namespace

std::string to_json(const Analysis& analysis) {
  JsonOut out;
  out.object();
  write_http(out, analysis);
  write_issues(out, analysis);
  write_robots_txt(out, analysis.robots);
  if (analysis.page && analysis.is_html) {
    const Page& page = *analysis.page;
    write_text_with_length(out, "title", page.titles);
    write_text_with_length(out, "meta_description", page.descriptions);
    write_document(out, analysis, page);
    write_headings(out, page);
    write_indexing(out, analysis, page);
    write_properties(out, "open_graph", page.open_graph);
    write_properties(out, "twitter", page.twitter);
    write_json_ld(out, page);
    write_links(out, page.links);
    write_images(out, page.images);
    out.object("words").field("count", page.word_count).end_object();
    write_weight(out, analysis, page);
  } else if (analysis.page) {
    out.object("document")
        .field("content_type", shorten(header(analysis.fetched.headers, "content-type"), 200))
        .end_object();
    write_indexing(out, analysis, *analysis.page);
  }
  out.end_object();
  return out.text();
}

}  // namespace toolrack::seo
