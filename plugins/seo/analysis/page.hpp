/// What a page says about itself, as plain facts without judgement; checks and the report read it.
#pragma once

#include "analysis/json_ld.hpp"
#include "analysis/url.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::seo {

/// A list that a page can make endless: all are counted, the first ones kept.
template <class T>
struct Sampled {
  static constexpr std::size_t kMax = 100;
  std::size_t total = 0;
  std::vector<T> first;

  /// `make()` builds the entry; it is not called when nothing more is kept.
  template <class Make>
  void add(Make make) {
    if (total++ < kMax) first.push_back(make());
  }
};

struct Title {
  std::string text;        ///< Shortened.
  std::size_t length = 0;  ///< In code points, of all of it.
  bool is_in_head = true;
};

struct Description {
  std::string text;        ///< Shortened.
  std::size_t length = 0;  ///< In code points, of all of it.
};

struct Heading {
  int level = 1;
  std::string text;
};

struct Headings {
  std::size_t counts[7] = {};  ///< By level; [0] stays 0.
  std::size_t empty = 0;       ///< Without text.
  std::size_t skipped = 0;     ///< Deeper than the one before by more than one level.
  std::vector<Heading> first;  ///< At most Page::kMaxEntries.
};

/// <link rel=canonical> or a Link header.
struct Canonical {
  std::string href;
  std::optional<Url> url;  ///< Nothing when href cannot be read.
  bool is_in_head = true;
  bool is_from_header = false;
};

struct Hreflang {
  std::string language;
  std::string href;
  std::optional<Url> url;
  bool is_from_header = false;
};

struct Directives {
  std::string source;  ///< "robots", "googlebot", ... of a <meta>, or "X-Robots-Tag[: agent]".
  std::string content;
};

using Properties = std::vector<std::pair<std::string, std::string>>;

enum class LinkKind { kInternal, kExternal, kAnchor, kMail, kPhone, kScript, kOther, kEmpty, kMalformed };

struct Link {
  LinkKind kind = LinkKind::kInternal;
  std::string href;  ///< Resolved when it could be, as written otherwise.
  std::string text;
  std::string rel;
};

struct Links {
  std::size_t total = 0, internal = 0, external = 0, anchor = 0, mail_or_phone = 0, script = 0, other = 0, empty = 0,
              malformed = 0;
  std::size_t nofollow = 0;      ///< rel nofollow, ugc or sponsored.
  std::size_t without_text = 0;  ///< Internal or external, nothing to read inside.
  std::size_t insecure = 0;      ///< Internal ones to http: on an https page.
  std::vector<Link> samples;     ///< The first of each kind, see kMaxSamples.
};

struct Images {
  std::size_t total = 0;
  std::size_t without_alt = 0;  ///< Neither alt nor a role that says "decoration".
  std::size_t with_empty_alt = 0;
  std::size_t without_source = 0;
  std::size_t without_dimensions = 0;
  std::size_t lazy = 0;
  std::vector<std::string> samples_without_alt;
};

struct Weight {
  std::size_t external_scripts = 0, inline_scripts = 0, inline_script_bytes = 0;
  std::size_t stylesheets = 0, inline_styles = 0, inline_style_bytes = 0, style_attributes = 0;
  std::size_t iframes = 0, videos = 0;
  std::size_t elements = 0, max_depth = 0;
};

struct Page {
  /// Samples of a list that a page can make endless.
  static constexpr std::size_t kMaxSamples = 100;
  /// Headings and alternates: nobody writes more.
  static constexpr std::size_t kMaxEntries = 1000;

  Url url;   ///< Where it came from.
  Url base;  ///< What relative references are resolved against.
  bool has_doctype = false;
  bool is_quirky = false;  ///< Browsers show it in quirks mode.
  bool is_frameset = false;
  bool is_amp = false;
  std::string language;  ///< <html lang>
  bool has_language = false;
  std::string content_language;  ///< <meta http-equiv=content-language>
  std::vector<std::string> bases;

  Sampled<Title> titles;
  Sampled<Description> descriptions;
  std::optional<std::string> viewport;
  std::optional<std::string> refresh;  ///< Content of <meta http-equiv=refresh>.
  std::vector<Directives> robots;
  Sampled<Canonical> canonicals;
  std::vector<Hreflang> hreflangs;
  std::string amp_url, icon, next, previous;
  Properties open_graph, twitter;
  std::vector<JsonLdBlock> json_ld;
  std::size_t microdata_items = 0;
  Headings headings;
  Links links;
  Images images;
  Weight weight;
  std::vector<std::string> insecure_resources;  ///< http: on an https page, samples.
  std::size_t insecure_resource_count = 0;
  std::string text;  ///< What a reader sees; a line end for each block.
  std::size_t word_count = 0;
  std::size_t dropped_tags = 0;
};

/// The value of a property, empty when absent.
std::string_view property(const Properties& properties, std::string_view name) noexcept;

}  // namespace toolrack::seo
