#include "analysis/html_guard.hpp"

#include "analysis/text.hpp"

#include <gumbo.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace toolrack::seo {
namespace {

// What a tag means for the depth of the tree.
enum Kind : std::uint8_t {
  kPlain,
  kVoid,        // Never has children.
  kOptional,    // Closes itself where the next of its kind begins; its parent is counted.
  kFormatting,  // Stays active until its end tag, wherever that comes.
  kScope,       // End tags inside do not reach outside.
  kRawText,     // Holds text only.
  kForeign      // svg, math.
};

Kind kind_of(GumboTag tag) noexcept {
  switch (tag) {
    case GUMBO_TAG_AREA:
    case GUMBO_TAG_BASE:
    case GUMBO_TAG_BR:
    case GUMBO_TAG_COL:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_IMG:
    case GUMBO_TAG_IMAGE:
    case GUMBO_TAG_INPUT:
    case GUMBO_TAG_LINK:
    case GUMBO_TAG_META:
    case GUMBO_TAG_PARAM:
    case GUMBO_TAG_SOURCE:
    case GUMBO_TAG_TRACK:
    case GUMBO_TAG_WBR:
      return kVoid;
    case GUMBO_TAG_HTML:
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_BODY:
    case GUMBO_TAG_P:
    case GUMBO_TAG_COLGROUP:
    case GUMBO_TAG_TBODY:
    case GUMBO_TAG_THEAD:
    case GUMBO_TAG_TFOOT:
    case GUMBO_TAG_TR:
      return kOptional;
    case GUMBO_TAG_A:
    case GUMBO_TAG_B:
    case GUMBO_TAG_BIG:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_EM:
    case GUMBO_TAG_FONT:
    case GUMBO_TAG_I:
    case GUMBO_TAG_NOBR:
    case GUMBO_TAG_S:
    case GUMBO_TAG_SMALL:
    case GUMBO_TAG_STRIKE:
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_U:
      return kFormatting;
    case GUMBO_TAG_APPLET:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_MARQUEE:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
    case GUMBO_TAG_TEMPLATE:
      return kScope;
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_XMP:
      return kRawText;
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_MATH:
      return kForeign;
    default:
      return kPlain;
  }
}

struct Tag {
  std::size_t begin = 0;           // Of '<'.
  std::size_t end = 0;             // Behind '>'.
  std::size_t attributes_end = 0;  // Behind the last attribute that the limit allows.
  std::uint32_t id = 0;            // GumboTag, or a hash above GUMBO_TAG_LAST for names it does not know.
  Kind kind = kPlain;
  std::string_view name;
  bool is_end = false;
  bool is_self_closing = false;
  bool has_too_many_attributes = false;
};

std::uint32_t id_of(std::string_view name) noexcept {
  const GumboTag tag = gumbo_tagn_enum(name.data(), static_cast<unsigned>(name.size()));
  if (tag != GUMBO_TAG_UNKNOWN) return tag;
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(to_lower(c))) * 16777619U;
  return hash | 0x80000000U;
}

/// Reads the tag at `at`, which is "<x" or "</x". False when the text ends inside.
bool read_tag(std::string_view html, std::size_t at, std::size_t max_attributes, Tag& tag) {
  tag = Tag();
  tag.begin = at;
  tag.is_end = html[at + 1] == '/';
  std::size_t i = at + (tag.is_end ? 2 : 1);
  const std::size_t name_begin = i;
  while (i < html.size() && !is_space(html[i]) && html[i] != '/' && html[i] != '>') ++i;
  tag.name = html.substr(name_begin, i - name_begin);
  tag.id = id_of(tag.name);
  tag.kind = tag.id < GUMBO_TAG_LAST ? kind_of(static_cast<GumboTag>(tag.id)) : kPlain;
  std::size_t attributes = 0;
  while (i < html.size() && html[i] != '>') {
    if (is_space(html[i]) || html[i] == '/') {
      tag.is_self_closing = html[i] == '/';
      ++i;
      continue;
    }
    tag.is_self_closing = false;
    if (attributes++ == max_attributes) {
      tag.has_too_many_attributes = true;
      tag.attributes_end = i;
    }
    ++i;  // Also a "=", which may start a name.
    while (i < html.size() && html[i] != '=' && html[i] != '>' && html[i] != '/' && !is_space(html[i])) ++i;
    std::size_t value = i;
    while (value < html.size() && is_space(html[value])) ++value;
    if (value >= html.size() || html[value] != '=') continue;
    i = value + 1;
    while (i < html.size() && is_space(html[i])) ++i;
    if (i < html.size() && (html[i] == '"' || html[i] == '\'')) {
      const std::size_t quote = html.find(html[i], i + 1);
      if (quote == std::string_view::npos) return false;
      i = quote + 1;
    } else {
      while (i < html.size() && !is_space(html[i]) && html[i] != '>') ++i;
    }
  }
  if (i >= html.size()) return false;
  tag.end = i + 1;
  return true;
}

/// Where the text of a raw text element ends: at its end tag.
std::size_t end_of_raw_text(std::string_view html, std::size_t from, std::string_view name) {
  for (std::size_t at = html.find("</", from); at != std::string_view::npos; at = html.find("</", at + 2)) {
    const std::size_t behind = at + 2 + name.size();
    if (starts_with_ignoring_case(html.substr(at + 2), name) && behind < html.size() &&
        (is_space(html[behind]) || html[behind] == '/' || html[behind] == '>')) {
      return at;
    }
  }
  return html.size();
}

/// What an open element is to the search for an element that `id` closes implicitly.
enum class Search { kFound, kGoOn, kStop };

Search implied_end(std::uint32_t id, std::uint32_t open, Kind open_kind) noexcept {
  const auto is_any_of = [open](auto... tags) { return ((open == static_cast<std::uint32_t>(tags)) || ...); };
  const auto found_if = [](bool is_found, bool goes_on) {
    return is_found ? Search::kFound : goes_on ? Search::kGoOn : Search::kStop;
  };
  switch (id) {
    case GUMBO_TAG_A:
      return found_if(open == id, open_kind != kScope);
    case GUMBO_TAG_OPTION:
    case GUMBO_TAG_OPTGROUP:
      return found_if(open == GUMBO_TAG_OPTION, false);
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_DT: {
      const bool is_same = id == GUMBO_TAG_LI ? open == id : is_any_of(GUMBO_TAG_DD, GUMBO_TAG_DT);
      return found_if(is_same, open_kind == kFormatting || open > GUMBO_TAG_LAST ||
                                   is_any_of(GUMBO_TAG_DIV, GUMBO_TAG_ADDRESS, GUMBO_TAG_SPAN));
    }
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_TBODY:
    case GUMBO_TAG_THEAD:
    case GUMBO_TAG_TFOOT:
    case GUMBO_TAG_CAPTION:
      return found_if(is_any_of(GUMBO_TAG_TD, GUMBO_TAG_TH, GUMBO_TAG_CAPTION), open != GUMBO_TAG_TABLE);
    default:
      return Search::kStop;
  }
}

/// What is open, as the tree builder would have it.
class OpenElements {
 public:
  explicit OpenElements(const NestingLimits& limits) : limits_(limits) {}

  /// False: one too many. Links, headings and inline markup may go a little deeper than what holds them.
  bool open(const Tag& tag) {
    constexpr std::size_t kExtra = 32;
    const bool is_inner = tag.kind == kFormatting || (tag.id >= GUMBO_TAG_H1 && tag.id <= GUMBO_TAG_H6);
    if (stack_.size() >= limits_.depth + (is_inner ? kExtra : 0)) return false;
    if (tag.kind == kFormatting && tag.id != GUMBO_TAG_A) {  // <a> closes the <a> before it.
      if (formatting_.size() >= limits_.formatting) return false;
      formatting_.push_back(tag.id);
    }
    foreign_ += tag.kind == kForeign;
    stack_.push_back({tag.id, tag.kind});
    deepest_ = std::max(deepest_, stack_.size());
    return true;
  }
  /// The start tag of an element that closes what is open: the cell before it, the list item before it, ...
  void close_implied(const Tag& tag) {
    for (std::size_t i = stack_.size(); i-- > 0;) {
      const Search search = implied_end(tag.id, stack_[i].id, stack_[i].kind);
      if (search == Search::kStop) return;
      if (search == Search::kGoOn) continue;
      if (tag.id == GUMBO_TAG_A) {
        stack_.erase(stack_.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        pop_to(i);
      }
      return;
    }
  }
  void close(const Tag& tag) {
    if (tag.kind == kFormatting) {
      const auto found = std::find(formatting_.rbegin(), formatting_.rend(), tag.id);
      if (found != formatting_.rend()) formatting_.erase(std::next(found).base());
    }
    for (std::size_t i = stack_.size(); i-- > 0;) {
      if (stack_[i].id == tag.id) {
        if (tag.kind == kFormatting) {
          stack_.erase(stack_.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
          pop_to(i);
        }
        return;
      }
      if (stack_[i].kind == kScope && tag.kind != kScope) return;
    }
  }
  bool is_in_foreign_content() const noexcept { return foreign_ > 0; }
  std::size_t deepest() const noexcept { return deepest_; }

 private:
  struct Element {
    std::uint32_t id;
    Kind kind;
  };
  void pop_to(std::size_t size) {
    for (; stack_.size() > size; stack_.pop_back()) foreign_ -= stack_.back().kind == kForeign;
  }

  const NestingLimits& limits_;
  std::vector<Element> stack_;
  std::vector<std::uint32_t> formatting_;
  std::size_t foreign_ = 0;
  std::size_t deepest_ = 0;
};

/// The source without the dropped ranges; nothing is copied before the first one.
class Filter {
 public:
  explicit Filter(std::string_view source) : source_(source) {}
  void drop(std::size_t begin, std::size_t end) {
    leave_out(begin, end);
    ++dropped_;
  }
  /// As drop(), for what no browser would parse either.
  void leave_out(std::size_t begin, std::size_t end) {
    if (!out_) out_.emplace().reserve(source_.size());
    out_->append(source_.substr(kept_to_, begin - kept_to_));
    kept_to_ = end;
  }
  std::optional<std::string> finish() {
    if (out_) out_->append(source_.substr(kept_to_));
    return std::move(out_);
  }
  std::size_t dropped() const noexcept { return dropped_; }

 private:
  std::string_view source_;
  std::optional<std::string> out_;
  std::size_t kept_to_ = 0;
  std::size_t dropped_ = 0;
};

/// Behind the comment, doctype or other markup declaration at `at`.
std::size_t end_of_declaration(std::string_view html, std::size_t at) {
  const bool is_comment = html.substr(at, 4) == "<!--";
  if (is_comment && (html.substr(at + 4, 1) == ">" || html.substr(at + 4, 2) == "->")) return html.find('>', at) + 1;
  const std::size_t end = is_comment ? html.find("-->", at + 4) : html.find('>', at);
  if (end == std::string_view::npos) return html.size();
  return end + (is_comment ? 3 : 1);
}

}  // namespace

GuardedHtml limit_nesting(std::string_view html, const NestingLimits& limits) {
  OpenElements open(limits);
  Filter filter(html);
  Tag tag;
  std::size_t at = 0;
  while ((at = html.find('<', at)) != std::string_view::npos && at + 1 < html.size()) {
    const char next = html[at + 1];
    if (next == '!' || next == '?') {
      at = end_of_declaration(html, at);
      continue;
    }
    const bool is_tag = is_alpha(next) || (next == '/' && at + 2 < html.size() && is_alpha(html[at + 2]));
    if (!is_tag) {
      ++at;
      continue;
    }
    if (!read_tag(html, at, limits.attributes, tag)) {
      if (tag.has_too_many_attributes) filter.drop(at, html.size());  // A tag that never ends is no tag.
      break;
    }
    if (tag.id == GUMBO_TAG_PLAINTEXT) break;
    at = tag.end;
    if (tag.is_end) {
      open.close(tag);
      continue;
    }
    if (tag.id == GUMBO_TAG_NOSCRIPT) {
      // Text to browsers and crawlers that run scripts; gumbo would parse it, and end <head> at what does not fit
      // there.
      at = end_of_raw_text(html, at, tag.name);
      filter.leave_out(tag.begin, at);
      continue;
    }
    const bool is_foreign = open.is_in_foreign_content();
    const bool nests = tag.kind != kVoid && tag.kind != kOptional && (is_foreign || tag.kind != kRawText) &&
                       !(tag.is_self_closing && (is_foreign || tag.kind == kForeign));
    if (!is_foreign) open.close_implied(tag);
    if (nests && !open.open(tag)) {
      filter.drop(tag.begin, tag.end);
    } else if (tag.has_too_many_attributes) {
      filter.drop(tag.attributes_end, tag.end - 1);
    }
    if (tag.kind == kRawText && !is_foreign) at = end_of_raw_text(html, at, tag.name);
  }
  GuardedHtml out;
  out.text = filter.finish();
  out.dropped_tags = filter.dropped();
  out.depth = open.deepest();
  return out;
}

}  // namespace toolrack::seo
