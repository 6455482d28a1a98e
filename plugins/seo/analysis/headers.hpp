/// Response headers that matter to search engines.
#pragma once

#include "analysis/page.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

/// All values of a header, names in lower case.
std::vector<std::string_view> header_values(const Properties& headers, std::string_view name);
/// The first value, empty when absent.
std::string_view header(const Properties& headers, std::string_view name);

struct LinkHeader {
  std::string target, rel, language;
};
/// RFC 8288: `<https://a/>; rel="canonical", <...>; rel=alternate; hreflang=de`.
std::vector<LinkHeader> parse_link_header(std::string_view value);

/// X-Robots-Tag: directives and the crawler they are for ("" for all).
Directives parse_robots_header(std::string_view value);

/// Whole seconds and target of a refresh ("0; url=/new"); an empty target is a reload.
struct Refresh {
  unsigned seconds = 0;
  std::string target;
};
Refresh parse_refresh(std::string_view content);

}  // namespace toolrack::seo
