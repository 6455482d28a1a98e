#include "analysis/sitemap.hpp"

#include "analysis/text.hpp"

#include <expat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <memory>
#include <unordered_set>

namespace toolrack::seo {
namespace {

constexpr std::string_view kNamespace = "http://www.sitemaps.org/schemas/sitemap/0.9";
constexpr std::size_t kMaxField = 4096;  // Bytes of one element's text that are kept.

/// Judges entries one by one; remembers hashes and a few samples, so that its memory does not grow with the file.
class EntryJudge {
 public:
  EntryJudge(const Url& at, const SitemapOptions& options, SitemapDocument& out, Issues& issues)
      : at_(at), options_(options), out_(out), issues_(issues) {}

  struct Entry {
    std::string loc, lastmod, changefreq, priority;
    bool has_loc = false, has_lastmod = false, has_changefreq = false, has_priority = false;
  };

  void judge(const Entry& entry) {
    ++out_.entries;
    judge_loc(entry);
    if (entry.has_lastmod) judge_lastmod(entry.lastmod);
    if (entry.has_changefreq) judge_changefreq(entry.changefreq);
    if (entry.has_priority) judge_priority(entry.priority);
  }

 private:
  void judge_loc(const Entry& entry) {
    constexpr std::size_t kMaxUrlBytes = 2047;
    const std::string_view loc = trim(entry.loc);
    if (!entry.has_loc || loc.empty()) {
      issues_.add("sitemap.loc_missing", "entry " + std::to_string(out_.entries));
      return;
    }
    const auto url = parse_url(loc);
    if (!url || !url->is_http() || loc.size() > kMaxUrlBytes) {
      issues_.add("sitemap.loc_invalid", loc);
      return;
    }
    const std::string address = url->without_fragment();
    if (url->host != at_.host) issues_.add("sitemap.other_host", address);
    if (url->scheme == "http" && at_.scheme == "https") issues_.add("sitemap.not_https", address);
    if (!seen_.insert(std::hash<std::string>()(address)).second) issues_.add("sitemap.duplicate", address);
    if (out_.kind == SitemapKind::kIndex) {
      if (out_.children.size() < SitemapDocument::kMaxChildren) out_.children.push_back(address);
    } else {
      sample(address);
    }
  }

  /// Keeps every stride-th address; doubles the stride when twice as many are kept as were asked for.
  void sample(const std::string& address) {
    if (options_.samples == 0 || readable_++ % stride_ != 0) return;
    out_.samples.push_back(address);
    if (out_.samples.size() < options_.samples * 2) return;
    for (std::size_t i = 0; i * 2 < out_.samples.size(); ++i) std::swap(out_.samples[i], out_.samples[i * 2]);
    out_.samples.resize(options_.samples);
    stride_ *= 2;
  }

  void judge_lastmod(std::string_view text) {
    text = trim(text);
    std::int64_t when = 0;
    if (!parse_w3c_date(text, when)) {
      issues_.add("sitemap.lastmod_invalid", text);
      return;
    }
    ++out_.with_lastmod;
    // A day of grace: time zones, and dates without one.
    constexpr std::int64_t kDay = 86'400;
    if (options_.now_unix_seconds != 0 && when > options_.now_unix_seconds + kDay)
      issues_.add("sitemap.lastmod_future", text);
    if (out_.newest_lastmod.empty() || when > newest_) {
      newest_ = when;
      out_.newest_lastmod = text;
    }
  }

  void judge_changefreq(std::string_view text) {
    constexpr std::array<std::string_view, 7> kKnown = {"always",  "hourly", "daily", "weekly",
                                                        "monthly", "yearly", "never"};
    const bool is_known = std::any_of(kKnown.begin(), kKnown.end(),
                                      [&](std::string_view known) { return equals_ignoring_case(trim(text), known); });
    if (!is_known) issues_.add("sitemap.changefreq_invalid", trim(text));
  }

  void judge_priority(std::string_view text) {
    text = trim(text);
    double value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_valid = error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 1;
    if (!is_valid) issues_.add("sitemap.priority_invalid", text);
  }

  const Url& at_;
  const SitemapOptions& options_;
  SitemapDocument& out_;
  Issues& issues_;
  std::unordered_set<std::size_t> seen_;
  std::int64_t newest_ = 0;
  std::size_t readable_ = 0;
  std::size_t stride_ = 1;
};

/// What expat's callbacks write to.
class XmlReader {
 public:
  XmlReader(const Url& at, const SitemapOptions& options, SitemapDocument& out, Issues& issues)
      : judge_(at, options, out, issues), out_(out), issues_(issues), parser_(XML_ParserCreateNS(nullptr, '|')) {
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(
        parser_, [](void* self, const XML_Char* name, const XML_Char**) { static_cast<XmlReader*>(self)->open(name); },
        [](void* self, const XML_Char* name) { static_cast<XmlReader*>(self)->close(name); });
    XML_SetCharacterDataHandler(parser_, [](void* self, const XML_Char* text, int size) {
      static_cast<XmlReader*>(self)->add_text({text, static_cast<std::size_t>(size)});
    });
    XML_SetEntityDeclHandler(parser_, [](void* self, const XML_Char*, int, const XML_Char*, int, const XML_Char*,
                                         const XML_Char*, const XML_Char*, const XML_Char*) {
      XML_StopParser(static_cast<XmlReader*>(self)->parser_, XML_FALSE);
    });
  }
  XmlReader(const XmlReader&) = delete;
  XmlReader& operator=(const XmlReader&) = delete;
  ~XmlReader() { XML_ParserFree(parser_); }

  void read(std::string_view bytes, bool is_cut) {
    constexpr std::size_t kBlock = 1 << 20;
    while (!is_stopped_) {
      const std::string_view block = bytes.substr(0, kBlock);
      bytes.remove_prefix(block.size());
      const bool is_last = bytes.empty() && !is_cut;
      if (XML_Parse(parser_, block.data(), static_cast<int>(block.size()), is_last) == XML_STATUS_ERROR) {
        if (!is_stopped_) explain();
        return;
      }
      if (bytes.empty()) return;
    }
  }

 private:
  void explain() {
    const XML_Error error = XML_GetErrorCode(parser_);
    const std::string why = error == XML_ERROR_ABORTED ? "it declares entities" : XML_ErrorString(error);
    issues_.add("sitemap.invalid_xml", why + " at line " + std::to_string(XML_GetCurrentLineNumber(parser_)) +
                                           ", column " + std::to_string(XML_GetCurrentColumnNumber(parser_) + 1));
  }

  void open(std::string_view name) {
    ++depth_;
    const std::size_t bar = name.rfind('|');
    const std::string_view space = bar == std::string_view::npos ? std::string_view() : name.substr(0, bar);
    const std::string_view local = bar == std::string_view::npos ? name : name.substr(bar + 1);
    if (depth_ == 1) {
      open_root(space, local);
      return;
    }
    const bool is_ours = space == root_space_;
    if (depth_ == 2 && is_ours && local == (out_.kind == SitemapKind::kIndex ? "sitemap" : "url")) {
      entry_ = {};
      is_in_entry_ = true;
    } else if (depth_ == 3 && is_in_entry_ && is_ours) {
      open_field(local);
    }
  }

  void open_root(std::string_view space, std::string_view local) {
    root_space_ = space;
    if (local == "urlset") out_.kind = SitemapKind::kUrlSet;
    if (local == "sitemapindex") out_.kind = SitemapKind::kIndex;
    if (out_.kind == SitemapKind::kUnknown) {
      issues_.add("sitemap.not_a_sitemap", "the root element is <" + std::string(local) + ">");
      is_stopped_ = true;
      XML_StopParser(parser_, XML_FALSE);
    } else if (space != kNamespace) {
      issues_.add("sitemap.wrong_namespace", space.empty() ? "none" : space);
    }
  }

  void open_field(std::string_view local) {
    if (local == "loc") {
      field_ = &entry_.loc;
      entry_.has_loc = true;
    } else if (local == "lastmod") {
      field_ = &entry_.lastmod;
      entry_.has_lastmod = true;
    } else if (local == "changefreq") {
      field_ = &entry_.changefreq;
      entry_.has_changefreq = true;
    } else if (local == "priority") {
      field_ = &entry_.priority;
      entry_.has_priority = true;
    }
  }

  void close(std::string_view) {
    if (depth_ == 3) field_ = nullptr;
    if (depth_ == 2 && is_in_entry_) {
      judge_.judge(entry_);
      is_in_entry_ = false;
    }
    --depth_;
  }

  void add_text(std::string_view text) {
    if (field_ != nullptr && field_->size() < kMaxField) field_->append(text.substr(0, kMaxField));
  }

  EntryJudge judge_;
  SitemapDocument& out_;
  Issues& issues_;
  XML_Parser parser_;
  EntryJudge::Entry entry_;
  std::string* field_ = nullptr;
  std::string root_space_;
  std::size_t depth_ = 0;
  bool is_in_entry_ = false;
  bool is_stopped_ = false;
};

/// A plain list of URLs, one a line.
void read_text(std::string_view bytes, EntryJudge& judge) {
  std::string_view line;
  while (next_piece(bytes, '\n', line)) {
    line = trim(line);
    if (line.empty()) continue;
    EntryJudge::Entry entry;
    entry.has_loc = true;
    std::size_t replaced = 0;
    entry.loc = to_valid_utf8(line.substr(0, kMaxField), replaced);
    judge.judge(entry);
  }
}

}  // namespace

std::string_view name_of(SitemapKind kind) noexcept {
  switch (kind) {
    case SitemapKind::kUrlSet:
      return "urlset";
    case SitemapKind::kIndex:
      return "index";
    case SitemapKind::kText:
      return "text";
    case SitemapKind::kUnknown:
      return "unknown";
  }
  return {};
}

SitemapDocument read_sitemap(std::string_view bytes, const Url& at, const SitemapOptions& options, Issues& issues) {
  SitemapDocument out;
  const std::string_view start = trim(bytes.substr(0, 256));
  if (start.starts_with("http://") || start.starts_with("https://")) {
    out.kind = SitemapKind::kText;
    EntryJudge judge(at, options, out, issues);
    read_text(bytes, judge);
  } else {
    // Blank lines in front of <?xml are common and harmless to search engines; to XML they are an error.
    while (!bytes.empty() && is_space(bytes.front())) bytes.remove_prefix(1);
    XmlReader reader(at, options, out, issues);
    reader.read(bytes, options.is_cut);
  }
  if (out.samples.size() > options.samples) {
    // Between one and two times as many as wanted: take them evenly.
    std::vector<std::string> chosen;
    for (std::size_t i = 0; i < options.samples; ++i)
      chosen.push_back(out.samples[i * out.samples.size() / options.samples]);
    out.samples = std::move(chosen);
  }
  if (out.entries > SitemapDocument::kMaxUrls)
    issues.add("sitemap.too_many_urls", std::to_string(out.entries) + " entries");
  if (bytes.size() > SitemapDocument::kMaxBytes)
    issues.add("sitemap.too_large", std::to_string(bytes.size()) + " bytes");
  const bool is_readable = out.kind != SitemapKind::kUnknown && !issues.has("sitemap.invalid_xml");
  if (out.entries == 0 && is_readable && !options.is_cut) issues.add("sitemap.empty");
  return out;
}

}  // namespace toolrack::seo
