/// Sitemaps and sitemap indexes as sitemaps.org describes them.
#pragma once

#include "analysis/issues.hpp"
#include "analysis/url.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

enum class SitemapKind : std::uint8_t { kUnknown, kUrlSet, kIndex, kText };
std::string_view name_of(SitemapKind kind) noexcept;

struct SitemapDocument {
  static constexpr std::size_t kMaxUrls = 50'000;
  static constexpr std::size_t kMaxBytes = 50 * 1024 * 1024;

  SitemapKind kind = SitemapKind::kUnknown;
  std::size_t entries = 0;
  std::size_t with_lastmod = 0;
  std::string newest_lastmod;         ///< As written; the greatest valid one.
  std::vector<std::string> samples;   ///< Readable URLs, spread evenly over a url set.
  std::vector<std::string> children;  ///< Of an index, in order, at most kMaxChildren.
  static constexpr std::size_t kMaxChildren = 1000;
};

struct SitemapOptions {
  std::int64_t now_unix_seconds = 0;  ///< For dates in the future; 0: not judged.
  std::size_t samples = 0;
  bool is_cut = false;  ///< The bytes end early; the broken end is then no finding.
};

/// Reads unpacked bytes in one pass. Entities of a DTD are refused: no sitemap needs them, only attacks do.
SitemapDocument read_sitemap(std::string_view bytes, const Url& at, const SitemapOptions& options, Issues& issues);

/// Whether `text` is a W3C date (YYYY, YYYY-MM, YYYY-MM-DD, with time and zone). `unix_seconds`: its beginning in UTC.
bool parse_w3c_date(std::string_view text, std::int64_t& unix_seconds) noexcept;

}  // namespace toolrack::seo
