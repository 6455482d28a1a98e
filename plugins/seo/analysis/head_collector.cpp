#include "analysis/head_collector.hpp"

#include "analysis/text.hpp"

namespace toolrack::seo {
namespace {

constexpr std::size_t kMaxJsonLdBytes = 1 << 20;

std::string text_of(const GumboNode& node) {
  std::string text;
  const GumboVector& children = node.v.element.children;
  for (unsigned i = 0; i < children.length; ++i) {
    const auto* child = static_cast<const GumboNode*>(children.data[i]);
    if (child->type == GUMBO_NODE_TEXT || child->type == GUMBO_NODE_WHITESPACE || child->type == GUMBO_NODE_CDATA) {
      text += child->v.text.text;
    }
  }
  return text;
}

bool is_javascript(std::string_view type) {
  type = trim(type.substr(0, type.find(';')));
  return type.empty() || equals_ignoring_case(type, "module") || equals_ignoring_case(type, "text/javascript") ||
         equals_ignoring_case(type, "application/javascript") || equals_ignoring_case(type, "text/ecmascript") ||
         equals_ignoring_case(type, "application/x-javascript") || equals_ignoring_case(type, "text/jscript");
}

void add_property(Properties& properties, std::string_view name, std::string_view content) {
  if (properties.size() < Page::kMaxSamples)
    properties.emplace_back(shorten(name, 80), shorten(collapse_space(content), 500));
}

bool is_open_graph(std::string_view name) {
  return starts_with_ignoring_case(name, "og:") || starts_with_ignoring_case(name, "article:") ||
         starts_with_ignoring_case(name, "product:") || starts_with_ignoring_case(name, "fb:");
}

bool is_robots_name(std::string_view name) {
  for (const std::string_view known : {"robots", "googlebot", "googlebot-news", "bingbot", "slurp", "yandex"}) {
    if (equals_ignoring_case(name, known)) return true;
  }
  return false;
}

}  // namespace

bool HeadCollector::take(const GumboNode& node, bool is_in_head) {
  const GumboElement& element = node.v.element;
  switch (element.tag) {
    case GUMBO_TAG_HTML: {
      const std::string_view language = attribute(element, "lang");
      page_.has_language = has_attribute(element, "lang");
      page_.language = shorten(trim(language), 60);
      page_.is_amp = has_attribute(element, "amp") || has_attribute(element, "\xE2\x9A\xA1");
      return false;
    }
    case GUMBO_TAG_TITLE:
      take_title(node, is_in_head);
      return true;
    case GUMBO_TAG_META:
      take_meta(element);
      return true;
    case GUMBO_TAG_LINK:
      take_link(element, is_in_head);
      return true;
    case GUMBO_TAG_BASE:
      return true;
    case GUMBO_TAG_SCRIPT:
      take_script(node);
      return true;
    case GUMBO_TAG_STYLE: {
      ++page_.weight.inline_styles;
      page_.weight.inline_style_bytes += text_of(node).size();
      return true;
    }
    default:
      return false;
  }
}

void HeadCollector::take_title(const GumboNode& node, bool is_in_head) {
  page_.titles.add([&] {
    const std::string text = collapse_space(text_of(node));
    return Title{shorten(text, 1000), count_code_points(text), is_in_head};
  });
}

void HeadCollector::take_meta(const GumboElement& element) {
  const std::string_view content = attribute(element, "content");
  const std::string_view name = trim(attribute(element, "name"));
  const std::string_view property = trim(attribute(element, "property"));
  const std::string_view pragma = trim(attribute(element, "http-equiv"));
  if (equals_ignoring_case(name, "description")) {
    page_.descriptions.add([&] {
      const std::string text = collapse_space(content);
      return Description{shorten(text, 2000), count_code_points(text)};
    });
  } else if (equals_ignoring_case(name, "viewport")) {
    if (!page_.viewport) page_.viewport = shorten(collapse_space(content), 300);
  } else if (is_robots_name(name)) {
    if (page_.robots.size() < Page::kMaxSamples)
      page_.robots.push_back({to_lower(name), shorten(collapse_space(content), 300)});
  }
  if (equals_ignoring_case(pragma, "refresh") && !page_.refresh) page_.refresh = shorten(collapse_space(content), 500);
  if (equals_ignoring_case(pragma, "content-language")) page_.content_language = shorten(trim(content), 60);
  for (const std::string_view key : {property, name}) {
    if (is_open_graph(key)) add_property(page_.open_graph, to_lower(key), content);
    if (starts_with_ignoring_case(key, "twitter:")) add_property(page_.twitter, to_lower(key), content);
    if (is_open_graph(key) || starts_with_ignoring_case(key, "twitter:")) break;
  }
}

void HeadCollector::take_link(const GumboElement& element, bool is_in_head) {
  const std::string_view rel = attribute(element, "rel");
  const std::string_view href = attribute(element, "href");
  const auto resolved = [&] { return trim(href).empty() ? std::nullopt : resolve(page_.base, href); };
  if (has_token(rel, "canonical")) {
    page_.canonicals.add([&] { return Canonical{shorten(trim(href), 500), resolved(), is_in_head, false}; });
  }
  if (has_token(rel, "alternate") && has_attribute(element, "hreflang")) {
    if (page_.hreflangs.size() < Page::kMaxEntries) {
      page_.hreflangs.push_back(
          {shorten(trim(attribute(element, "hreflang")), 60), shorten(trim(href), 500), resolved(), false});
    }
  }
  const auto note = [&](std::string& out) {
    if (!out.empty()) return;
    const auto url = resolved();
    out = shorten(url ? url->text() : std::string(href), 500);
  };
  if (has_token(rel, "amphtml")) note(page_.amp_url);
  if (has_token(rel, "icon")) note(page_.icon);
  if (has_token(rel, "next")) note(page_.next);
  if (has_token(rel, "prev")) note(page_.previous);
  if (has_token(rel, "stylesheet") && !has_token(rel, "alternate")) {
    ++page_.weight.stylesheets;
    note_resource(href);
  }
}

void HeadCollector::take_script(const GumboNode& node) {
  const GumboElement& element = node.v.element;
  const std::string_view type = attribute(element, "type");
  if (equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/ld+json")) {
    if (page_.json_ld.size() >= Page::kMaxSamples) return;
    const std::string text = text_of(node);
    if (text.size() <= kMaxJsonLdBytes) {
      page_.json_ld.push_back(read_json_ld(text));
    } else {
      JsonLdBlock block;
      block.bytes = text.size();
      block.error = "the block is larger than 1 MiB and was not read";
      page_.json_ld.push_back(std::move(block));
    }
    return;
  }
  if (!is_javascript(type)) return;
  if (const std::string_view source = attribute(element, "src"); !trim(source).empty()) {
    ++page_.weight.external_scripts;
    note_resource(source);
  } else {
    ++page_.weight.inline_scripts;
    page_.weight.inline_script_bytes += text_of(node).size();
  }
}

void HeadCollector::note_resource(std::string_view reference) {
  if (page_.url.scheme != "https" || !starts_with_ignoring_case(trim(reference), "http:")) return;
  ++page_.insecure_resource_count;
  if (page_.insecure_resources.size() < 20) page_.insecure_resources.push_back(shorten(trim(reference), 200));
}

}  // namespace toolrack::seo
