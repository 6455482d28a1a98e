#include "analysis/checks.hpp"
#include "analysis/text.hpp"

#include <array>

namespace toolrack::seo {
namespace {

void check_headings(const Page& page, Issues& issues) {
  const auto name = [](const Heading& heading) { return "<h" + std::to_string(heading.level) + ">"; };
  const auto quoted = [&](const Heading& heading) { return name(heading) + " \"" + heading.text + "\""; };
  const Headings& headings = page.headings;
  std::string empty;  // The first of each kind, as evidence.
  std::string skipped;
  const Heading* previous = nullptr;
  for (const Heading& heading : headings.first) {
    if (empty.empty() && heading.text.empty()) empty = "an empty " + name(heading);
    if (skipped.empty() && previous != nullptr && heading.level > previous->level + 1) {
      skipped = quoted(heading) + " follows " + quoted(*previous);
    }
    previous = &heading;
  }
  if (headings.empty > 0) issues.add("headings.empty", empty, headings.empty);
  if (headings.skipped > 0) issues.add("headings.skipped", skipped, headings.skipped);
  if (headings.counts[1] == 0) issues.add("headings.h1_missing");
  if (headings.counts[1] > 1) issues.add("headings.h1_multiple", {}, headings.counts[1]);
}

const Link* first_of(const Links& links, LinkKind kind) {
  for (const Link& link : links.samples) {
    if (link.kind == kind) return &link;
  }
  return nullptr;
}

std::string evidence_of(const Links& links, LinkKind kind) {
  const Link* const link = first_of(links, kind);
  if (link == nullptr) return {};
  return link->href + (link->text.empty() ? "" : " (\"" + link->text + "\")");
}

void check_links(const Page& page, Issues& issues) {
  constexpr std::size_t kMany = 3000;
  const Links& links = page.links;
  if (links.malformed > 0) issues.add("links.malformed", evidence_of(links, LinkKind::kMalformed), links.malformed);
  if (links.empty > 0) issues.add("links.empty", evidence_of(links, LinkKind::kEmpty), links.empty);
  if (links.script > 0) issues.add("links.script", evidence_of(links, LinkKind::kScript), links.script);
  if (links.without_text > 0) {
    std::string evidence;
    for (const Link& link : links.samples) {
      const bool leads_somewhere = link.kind == LinkKind::kInternal || link.kind == LinkKind::kExternal;
      if (evidence.empty() && leads_somewhere && link.text.empty()) evidence = link.href;
    }
    issues.add("links.no_text", evidence, links.without_text);
  }
  if (links.insecure > 0) issues.add("links.insecure", {}, links.insecure);
  if (links.internal == 0) issues.add("links.none");
  if (links.total > kMany) issues.add("links.too_many", std::to_string(links.total) + " links");
}

void check_images(const Page& page, Issues& issues) {
  const Images& images = page.images;
  if (images.without_alt > 0) issues.add("images.alt_missing", images.samples_without_alt.front(), images.without_alt);
  if (images.without_source > 0) issues.add("images.source_missing", {}, images.without_source);
  if (images.without_dimensions > 0) {
    issues.add("images.dimensions_missing",
               std::to_string(images.without_dimensions) + " of " + std::to_string(images.total) + " images",
               images.without_dimensions);
  }
}

bool is_absolute(std::string_view text) {
  const auto url = parse_url(text);
  return url && url->is_http();
}

}  // namespace

void check_content(const Page& page, Issues& issues) {
  constexpr std::size_t kThin = 100;
  check_headings(page, issues);
  check_links(page, issues);
  check_images(page, issues);
  if (page.word_count < kThin && !page.is_frameset) {
    issues.add("content.thin", std::to_string(page.word_count) + " words");
  }
}

void check_structured_data(const Page& page, Issues& issues) {
  for (std::size_t i = 0; i < page.json_ld.size(); ++i) {
    const JsonLdBlock& block = page.json_ld[i];
    const std::string which = "block " + std::to_string(i + 1);
    if (!block.is_valid) {
      issues.add("json_ld.invalid", which + ": " + block.error);
      continue;
    }
    if (block.context.empty()) issues.add("json_ld.no_context", which);
    if (block.untyped > 0 || block.types.empty()) issues.add("json_ld.no_type", which);
  }
  if (page.json_ld.empty() && page.microdata_items == 0) issues.add("structured_data.missing");

  std::string missing;
  for (const std::string_view name : {"og:title", "og:type", "og:image", "og:url"}) {
    if (trim(property(page.open_graph, name)).empty()) missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  bool has_any = false;
  for (const auto& [name, value] : page.open_graph) {
    has_any = has_any || name.starts_with("og:");
    if ((name == "og:image" || name == "og:url") && !value.empty() && !is_absolute(value)) {
      issues.add("open_graph.bad_url", name + ": " + value);
    }
  }
  if (!has_any) {
    issues.add("open_graph.missing");
  } else if (!missing.empty()) {
    issues.add("open_graph.incomplete", missing);
  }
  const std::string card = to_lower(property(page.twitter, "twitter:card"));
  constexpr std::array<std::string_view, 6> kCards = {"summary", "summary_large_image", "app", "player", "photo",
                                                      "product"};
  bool is_known = card.empty();
  for (const std::string_view known : kCards) is_known = is_known || card == known;
  if (!is_known) issues.add("twitter.bad_card", card);
}

}  // namespace toolrack::seo
