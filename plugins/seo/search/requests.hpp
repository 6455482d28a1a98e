/// One question as each provider wants to be asked. Each is charged when it works, so the host sends it once; searching
/// again does no harm, so another provider may be asked.
#pragma once

#include "search/place.hpp"

#include <toolrack/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace toolrack::seo {

struct Search {
  std::string query;
  std::string device;      ///< "desktop" or "mobile".
  std::int64_t depth = 0;  ///< So many results.
};
HttpRequest results_request(Provider provider, const Search& search, const Place& place);

/// Serper: how the search box would go on.
HttpRequest completions_request(const std::string& keyword, const Place& place);
/// DataForSEO: keywords of the same categories, the most relevant or the most wanted first.
HttpRequest ideas_request(const std::vector<std::string>& keywords, const Place& place, std::int64_t limit,
                          bool by_volume);

}  // namespace toolrack::seo
