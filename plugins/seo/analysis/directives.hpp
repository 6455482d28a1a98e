/// Robots directives of <meta name=robots> and X-Robots-Tag.
#pragma once

#include "analysis/page.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo {

struct DirectiveSet {
  bool index = false, noindex = false, follow = false, nofollow = false;
  std::vector<std::string> unknown;
};

DirectiveSet read_directives(std::string_view content);

/// Whether these directives are for the crawler with this product token: those for all crawlers are.
bool applies_to(const Directives& directives, std::string_view product_token);
bool is_from_header(const Directives& directives);

}  // namespace toolrack::seo
