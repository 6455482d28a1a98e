#include "analysis/collector.hpp"

#include "analysis/head_collector.hpp"
#include "analysis/text.hpp"
#include "analysis/words.hpp"

#include <algorithm>

namespace toolrack::seo {
namespace {

constexpr std::size_t kMaxCaptured = 2000;  // Bytes of a heading's or link's text.

bool is_block(GumboTag tag) noexcept {
  switch (tag) {
    case GUMBO_TAG_A:
    case GUMBO_TAG_ABBR:
    case GUMBO_TAG_ACRONYM:
    case GUMBO_TAG_B:
    case GUMBO_TAG_BDI:
    case GUMBO_TAG_BDO:
    case GUMBO_TAG_BIG:
    case GUMBO_TAG_CITE:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_DEL:
    case GUMBO_TAG_DFN:
    case GUMBO_TAG_EM:
    case GUMBO_TAG_FONT:
    case GUMBO_TAG_I:
    case GUMBO_TAG_INS:
    case GUMBO_TAG_KBD:
    case GUMBO_TAG_MARK:
    case GUMBO_TAG_Q:
    case GUMBO_TAG_RUBY:
    case GUMBO_TAG_S:
    case GUMBO_TAG_SAMP:
    case GUMBO_TAG_SMALL:
    case GUMBO_TAG_SPAN:
    case GUMBO_TAG_STRIKE:
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_SUB:
    case GUMBO_TAG_SUP:
    case GUMBO_TAG_TIME:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_U:
    case GUMBO_TAG_VAR:
    case GUMBO_TAG_WBR:
      return false;
    default:
      return true;
  }
}

/// Elements whose text nobody reads: kept out of text and words, and not searched for links and images either.
bool is_hidden(GumboTag tag) noexcept {
  switch (tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_AUDIO:
    case GUMBO_TAG_VIDEO:
    case GUMBO_TAG_CANVAS:
      return true;
    default:
      return false;
  }
}

int heading_level(GumboTag tag) noexcept {
  return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6 ? static_cast<int>(tag) - static_cast<int>(GUMBO_TAG_H1) + 1 : 0;
}

bool is_script_scheme(std::string_view scheme) {
  return scheme == "javascript" || scheme == "vbscript" || scheme == "data" || scheme == "blob";
}

class Collector {
 public:
  explicit Collector(Page& page) : page_(page), head_(page) {}

  bool enter(const GumboNode& node) {
    switch (node.type) {
      case GUMBO_NODE_DOCUMENT:
        page_.has_doctype = node.v.document.has_doctype;
        page_.is_quirky = node.v.document.doc_type_quirks_mode == GUMBO_DOCTYPE_QUIRKS;
        return true;
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_CDATA:
      case GUMBO_NODE_WHITESPACE:
        add_text(node.v.text.text);
        return false;
      case GUMBO_NODE_ELEMENT:
        return enter_element(node);
      default:
        return false;  // Comments; templates are no content.
    }
  }

  void leave(const GumboNode& node) {
    if (node.type != GUMBO_NODE_ELEMENT) return;
    const GumboElement& element = node.v.element;
    --depth_;
    if (&node == head_node_) head_node_ = nullptr;
    if (element.tag_namespace != GUMBO_NAMESPACE_HTML) return;
    if (is_block(element.tag)) page_.text += '\n';
    if (!captures_.empty() && captures_.back().node == &node) finish_capture();
  }

 private:
  struct Capture {
    const GumboNode* node;
    std::string text;
  };

  bool enter_element(const GumboNode& node) {
    const GumboElement& element = node.v.element;
    ++page_.weight.elements;
    page_.weight.max_depth = std::max(page_.weight.max_depth, ++depth_);
    // MathML is read; SVG's labels, <title> above all, are not the page's.
    if (element.tag_namespace != GUMBO_NAMESPACE_HTML) return element.tag_namespace == GUMBO_NAMESPACE_MATHML;
    if (has_attribute(element, "style")) ++page_.weight.style_attributes;
    if (has_attribute(element, "itemscope")) ++page_.microdata_items;
    if (element.tag == GUMBO_TAG_HEAD) head_node_ = &node;
    if (element.tag == GUMBO_TAG_BODY) page_.is_frameset = false;
    if (element.tag == GUMBO_TAG_FRAMESET) page_.is_frameset = true;
    if (head_.take(node, head_node_ != nullptr)) return false;
    if (is_block(element.tag)) page_.text += '\n';
    count(element);
    if (is_hidden(element.tag)) return false;
    if (heading_level(element.tag) > 0 || is_link(element)) captures_.push_back({&node, {}});
    return true;
  }

  static bool is_link(const GumboElement& element) {
    return (element.tag == GUMBO_TAG_A || element.tag == GUMBO_TAG_AREA) && has_attribute(element, "href");
  }

  void count(const GumboElement& element) {
    switch (element.tag) {
      case GUMBO_TAG_IMG:
        count_image(element);
        head_.note_resource(attribute(element, "src"));
        add_text(attribute(element, "alt"), true);
        break;
      case GUMBO_TAG_INPUT:
        if (equals_ignoring_case(attribute(element, "type"), "image")) count_image(element);
        break;
      case GUMBO_TAG_IFRAME:
        ++page_.weight.iframes;
        head_.note_resource(attribute(element, "src"));
        break;
      case GUMBO_TAG_VIDEO:
        ++page_.weight.videos;
        head_.note_resource(attribute(element, "src"));
        break;
      case GUMBO_TAG_FRAME:
        head_.note_resource(attribute(element, "src"));
        break;
      default:
        break;
    }
  }

  void count_image(const GumboElement& element) {
    Images& images = page_.images;
    ++images.total;
    std::string_view source = attribute(element, "src");
    if (trim(source).empty()) {
      for (const char* lazy : {"data-src", "data-lazy-src", "data-original", "srcset", "data-srcset"}) {
        if (trim(source).empty()) source = attribute(element, lazy);
      }
    }
    if (trim(source).empty()) ++images.without_source;
    const std::string_view role = attribute(element, "role");
    const bool is_decoration = equals_ignoring_case(role, "presentation") || equals_ignoring_case(role, "none") ||
                               equals_ignoring_case(attribute(element, "aria-hidden"), "true");
    if (!has_attribute(element, "alt")) {
      const bool has_label = has_attribute(element, "aria-label") || has_attribute(element, "aria-labelledby");
      if (!is_decoration && !has_label) {
        ++images.without_alt;
        if (images.samples_without_alt.size() < Page::kMaxSamples) {
          images.samples_without_alt.push_back(shorten(collapse_space(source), 200));
        }
      }
    } else if (trim(attribute(element, "alt")).empty()) {
      ++images.with_empty_alt;
    }
    if (!has_attribute(element, "width") || !has_attribute(element, "height")) ++images.without_dimensions;
    if (equals_ignoring_case(attribute(element, "loading"), "lazy")) ++images.lazy;
  }

  void add_text(std::string_view text, bool is_alternative = false) {
    // A link within a heading: both hear the same text. What is full costs next to nothing.
    for (Capture& capture : captures_) {
      if (capture.text.size() >= kMaxCaptured) continue;
      if (is_alternative) capture.text += ' ';
      capture.text += text.substr(0, kMaxCaptured);
    }
    if (!is_alternative && head_node_ == nullptr) page_.text += text;
  }

  void finish_capture() {
    const Capture capture = std::move(captures_.back());
    captures_.pop_back();
    const GumboElement& element = capture.node->v.element;
    std::size_t cut = std::min(capture.text.size(), kMaxCaptured);
    while (cut > 0 && cut < capture.text.size() && (static_cast<unsigned char>(capture.text[cut]) & 0xC0U) == 0x80U)
      --cut;
    std::string text = collapse_space(std::string_view(capture.text).substr(0, cut));
    if (const int level = heading_level(element.tag); level > 0) {
      add_heading(level, text);
    } else {
      add_link(element, std::move(text));
    }
  }

  void add_heading(int level, std::string_view text) {
    Headings& headings = page_.headings;
    ++headings.counts[level];
    if (text.empty()) ++headings.empty;
    if (last_level_ > 0 && level > last_level_ + 1) ++headings.skipped;
    last_level_ = level;
    if (headings.first.size() < Page::kMaxEntries) headings.first.push_back({level, shorten(text, 300)});
  }

  void add_link(const GumboElement& element, std::string text) {
    Links& links = page_.links;
    Link link;
    const std::string href = strip_controls(attribute(element, "href"));
    link.rel = collapse_space(to_lower(attribute(element, "rel")));
    link.href = shorten(href, 500);
    ++links.total;
    const bool follows =
        !has_token(link.rel, "nofollow") && !has_token(link.rel, "ugc") && !has_token(link.rel, "sponsored");
    const std::string scheme = scheme_of(href);
    if (href.empty()) {
      link.kind = LinkKind::kEmpty;
      ++links.empty;
    } else if (href.front() == '#') {
      link.kind = LinkKind::kAnchor;
      ++links.anchor;
    } else if (scheme == "mailto" || scheme == "tel" || scheme == "sms" || scheme == "whatsapp" || scheme == "skype") {
      link.kind = scheme == "mailto" ? LinkKind::kMail : LinkKind::kPhone;
      ++links.mail_or_phone;
    } else if (is_script_scheme(scheme)) {
      link.kind = LinkKind::kScript;
      ++links.script;
    } else if (const auto url = resolve(page_.base, href); !url) {
      link.kind = LinkKind::kMalformed;
      ++links.malformed;
    } else if (!url->is_http()) {
      link.kind = LinkKind::kOther;
      ++links.other;
    } else {
      link.href = shorten(url->text(), 500);
      const bool is_internal = is_same_site(*url, page_.url);
      link.kind = is_internal ? LinkKind::kInternal : LinkKind::kExternal;
      ++(is_internal ? links.internal : links.external);
      if (is_internal && page_.url.scheme == "https" && url->scheme == "http") ++links.insecure;
      if (!follows) ++links.nofollow;
      if (text.empty()) {
        text = collapse_space(attribute(element, "aria-label"));
        if (text.empty()) text = collapse_space(attribute(element, "title"));
        if (text.empty() && element.tag == GUMBO_TAG_AREA) text = collapse_space(attribute(element, "alt"));
        if (text.empty() && !has_attribute(element, "aria-labelledby")) ++links.without_text;
      }
    }
    link.text = shorten(text, 120);
    std::size_t& kept = samples_by_kind_[static_cast<std::size_t>(link.kind)];
    if (kept < Page::kMaxSamples) {
      ++kept;
      links.samples.push_back(std::move(link));
    }
  }

  Page& page_;
  HeadCollector head_;
  std::vector<Capture> captures_;
  const GumboNode* head_node_ = nullptr;  // While inside <head>.
  std::size_t depth_ = 0;
  int last_level_ = 0;  // Of the heading before; 0: none yet.
  std::size_t samples_by_kind_[9] = {};
};

/// The first <base href> of the document counts for everything, also for what stands before it.
void find_base(const HtmlDocument& document, Page& page) {
  walk(
      document.root(),
      [&](const GumboNode& node) {
        if (node.type == GUMBO_NODE_TEMPLATE) return false;
        if (is_html(node, GUMBO_TAG_BASE) && has_attribute(node.v.element, "href") && page.bases.size() < 10) {
          page.bases.push_back(shorten(attribute(node.v.element, "href"), 300));
          if (page.bases.size() == 1) {
            if (const auto base = resolve(page.url, attribute(node.v.element, "href"))) page.base = *base;
          }
        }
        return true;
      },
      [](const GumboNode&) {});
}

}  // namespace

std::string_view property(const Properties& properties, std::string_view name) noexcept {
  for (const auto& [key, value] : properties) {
    if (key == name) return value;
  }
  return {};
}

Page collect(const HtmlDocument& document, const Url& url) {
  Page page;
  page.url = url;
  page.base = url;
  page.dropped_tags = document.dropped_tags();
  find_base(document, page);
  Collector collector(page);
  walk(
      document.root(), [&](const GumboNode& node) { return collector.enter(node); },
      [&](const GumboNode& node) { collector.leave(node); });
  page.word_count = count_words(page.text);
  return page;
}

}  // namespace toolrack::seo
